<?php
declare(strict_types=1);

namespace MageOs\SampleInstaller;

use FilesystemIterator;
use RecursiveDirectoryIterator;
use RecursiveIteratorIterator;
use RuntimeException;

/**
 * Copies the entries of a component's map into the project, with their modes.
 */
class Deployment
{
    /** @var string[] */
    private array $lines = [];
    private int $copied = 0;
    private int $kept = 0;

    public function __construct(private readonly string $project, private readonly bool $override)
    {
    }

    /**
     * @param array{map: array<int, array{0: string, 1: string}>, chmod?: array<int, array{mask: string, path: string}>} $extra
     * @throws RuntimeException an entry of the map is not in the package, or a file cannot be written
     */
    public function deploy(string $name, string $source, array $extra): void
    {
        $this->copied = $this->kept = 0;
        $missing = array_filter($extra['map'], static fn (array $entry) => !file_exists("$source/$entry[0]"));
        if ($missing) {
            $paths = implode(', ', array_column($missing, 0));
            throw new RuntimeException("$name maps what it does not have: $paths");
        }
        foreach ($extra['map'] as [$from, $to]) {
            $this->copy("$source/$from", $this->inProject($to));
        }
        foreach ($extra['chmod'] ?? [] as $entry) {
            $this->chmod($this->inProject($entry['path']), $entry['mask']);
        }
        $this->lines[] = "  - $name: $this->copied files copied into the project";
        if ($this->kept) {
            $this->lines[] = "<warning>$name: $this->kept files differ in the project and were kept</warning>";
        }
    }

    /**
     * @return string[]
     */
    public function report(): array
    {
        return $this->lines;
    }

    private function copy(string $from, string $to): void
    {
        if (!is_dir($from)) {
            $this->copyFile($from, $to);
            return;
        }
        $this->makeDirectory($to);
        $inner = new RecursiveDirectoryIterator($from, FilesystemIterator::SKIP_DOTS);
        $entries = new RecursiveIteratorIterator($inner, RecursiveIteratorIterator::SELF_FIRST);
        foreach ($entries as $entry) {
            $target = $to . '/' . $entries->getSubPathname();
            $entry->isDir() ? $this->makeDirectory($target) : $this->copyFile($entry->getPathname(), $target);
        }
    }

    private function copyFile(string $from, string $to): void
    {
        if (!$this->override && is_file($to) && sha1_file($to) !== sha1_file($from)) {
            $this->kept++;
            return;
        }
        $this->makeDirectory(dirname($to));
        if (!copy($from, $to) || !chmod($to, fileperms($from) & 0777)) {
            throw new RuntimeException("$to cannot be written");
        }
        $this->copied++;
    }

    private function makeDirectory(string $path): void
    {
        if (!is_dir($path) && !mkdir($path, 0777, true) && !is_dir($path)) {
            throw new RuntimeException("$path cannot be made");
        }
    }

    private function chmod(string $path, string $mask): void
    {
        if (!chmod($path, octdec($mask))) {
            throw new RuntimeException("the mode of $path cannot be changed to $mask");
        }
    }

    private function inProject(string $path): string
    {
        if (in_array('..', explode('/', $path), true)) {
            throw new RuntimeException("$path leads out of the project");
        }
        return $this->project . '/' . $path;
    }
}
