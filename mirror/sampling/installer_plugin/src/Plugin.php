<?php
declare(strict_types=1);

namespace MageOs\SampleInstaller;

use Composer\Composer;
use Composer\EventDispatcher\EventSubscriberInterface;
use Composer\IO\IOInterface;
use Composer\Package\PackageInterface;
use Composer\Plugin\PluginInterface;
use Composer\Script\Event;
use Composer\Script\ScriptEvents;

/**
 * After every install and update, copies what installed components list in extra.map.
 */
class Plugin implements PluginInterface, EventSubscriberInterface
{
    public static function getSubscribedEvents(): array
    {
        return [
            ScriptEvents::POST_INSTALL_CMD => 'deploy',
            ScriptEvents::POST_UPDATE_CMD => 'deploy',
        ];
    }

    public function activate(Composer $composer, IOInterface $io): void
    {
    }

    public function deactivate(Composer $composer, IOInterface $io): void
    {
    }

    public function uninstall(Composer $composer, IOInterface $io): void
    {
    }

    public function deploy(Event $event): void
    {
        $composer = $event->getComposer();
        $override = ($composer->getPackage()->getExtra()['magento-force'] ?? '') === 'override';
        $deployment = new Deployment(getcwd(), $override);
        foreach ($composer->getRepositoryManager()->getLocalRepository()->getCanonicalPackages() as $package) {
            if ($this->isDeployed($package)) {
                $source = $composer->getInstallationManager()->getInstallPath($package);
                $deployment->deploy($package->getPrettyName(), $source, $package->getExtra());
            }
        }
        foreach ($deployment->report() as $line) {
            $event->getIO()->writeError($line);
        }
    }

    private function isDeployed(PackageInterface $package): bool
    {
        return str_starts_with($package->getType(), 'magento2-') && isset($package->getExtra()['map']);
    }
}
