"""The files of the core that belong to no module: what the base package is made of, and what it must not ship."""

from collections.abc import Iterator

from mirror.releases import within
from mirror.sampling.fastimport import File, executable, removed, symlink
from mirror.sampling.filler import chosen, content

_GENERATED = """
.editorconfig .github/ISSUE_TEMPLATE/bug_report.md .github/workflows/tests.yml .htaccess .htaccess.sample
.php-cs-fixer.dist.php .user.ini CHANGELOG.md COPYING.txt Gruntfile.js.sample LICENSE.txt LICENSE_AFL.txt
SECURITY.md auth.json.sample grunt-config.json.sample nginx.conf.sample package.json.sample
app/.htaccess app/etc/db_schema.xml app/etc/di.xml app/etc/vendor_path.php
bin/.htaccess dev/.htaccess
dev/tests/acceptance/RoboFile.php dev/tests/acceptance/tests/_data/catalog_products.csv
dev/tests/api-functional/config/install-config-mysql.php.dist dev/tests/api-functional/phpunit_rest.xml.dist
dev/tests/api-functional/testsuite/Magento/Catalog/Api/ProductRepositoryTest.php
dev/tests/error_handler.php
dev/tests/integration/etc/di/preferences/ce.php dev/tests/integration/framework/bootstrap.php
dev/tests/integration/phpunit.xml.dist dev/tests/integration/testsuite/Magento/Catalog/Model/ProductTest.php
dev/tests/integration/testsuite/Magento/Framework/View/_files/static/style.css
dev/tests/integration/testsuite/Magento/ImportExport/Model/_files/caf\u00e9.csv
dev/tests/js/jasmine/tests/lib/mage/apply.test.js dev/tests/setup-integration/phpunit.xml.dist
dev/tests/static/.gitignore dev/tests/static/framework/bootstrap.php
dev/tests/static/phpunit.xml.dist dev/tests/static/testsuite/Magento/Test/Integrity/ComposerTest.php
dev/tests/static/testsuite/Magento/Test/Legacy/FilesystemTest.php
dev/tests/unit/framework/autoload.php dev/tests/unit/phpunit.xml.dist dev/tests/utils/pin_time.php
dev/tools/grunt/configs/less.js dev/tools/grunt/tasks/deploy.js
generated/.htaccess lib/.htaccess lib/internal/.htaccess lib/internal/LinLibertineFont/Bugs.txt
lib/web/.htaccess lib/web/css/source/lib/_lib.less lib/web/fonts/opensans/light/opensans-300.svg
lib/web/jquery.js lib/web/jquery/fileUploader/jquery.fileuploader.js lib/web/jquery/jquery-migrate.js
lib/web/jquery/jquery-ui-timepicker-addon.js lib/web/jquery/jquery-ui.js lib/web/jquery/jquery.min.js
lib/web/jquery/jquery.tabs.js lib/web/mage/apply/main.js lib/web/mage/translate.js lib/web/requirejs/require.js
lib/web/tiny_mce_5/tinymce.min.js
phpserver/README.md phpserver/router.php pub/.htaccess pub/.user.ini pub/cron.php
pub/errors/.htaccess pub/errors/default/503.phtml pub/errors/processor.php pub/get.php pub/health_check.php
pub/index.php pub/media/.htaccess pub/media/custom_options/.htaccess pub/media/customer/.htaccess
pub/media/downloadable/.htaccess pub/media/import/.htaccess pub/media/sitemap/.htaccess
pub/media/theme_customization/.htaccess pub/opt/magento/var/resource_config.json pub/static.php
pub/static/.htaccess setup/.htaccess setup/config/application.config.php
setup/performance-toolkit/benchmark.jmx setup/src/Magento/Setup/Console/CommandList.php
setup/src/Magento/Setup/Model/Installer.php setup/view/magento/setup/index.phtml
var/.htaccess vendor/.htaccess
"""

_WRITTEN = {
    ".gitignore": "/.idea\n/var/*\n!/var/.htaccess\n/vendor/*\n!/vendor/.htaccess\n/generated/*\n",
    "README.md": "# A sample in the shape of Magento Open Source\n",
    "composer.lock": '{\n    "packages": [],\n    "packages-dev": []\n}\n',
    "app/autoload.php": "<?php\nreturn require dirname(__DIR__) . '/vendor/autoload.php';\n",
    "app/bootstrap.php": "<?php\nrequire_once __DIR__ . '/autoload.php';\n",
    "app/etc/NonComposerComponentRegistration.php": (
        "<?php\nforeach (require __DIR__ . '/registration_globlist.php' as $pattern) {\n"
        "    foreach (glob(dirname(__DIR__, 2) . '/' . $pattern) as $file) {\n        require_once $file;\n    }\n}\n"
    ),
    "app/etc/registration_globlist.php": (
        "<?php\nreturn [\n    'app/code/*/*/registration.php',\n    'app/design/*/*/*/registration.php',\n"
        "    'app/i18n/*/*/registration.php',\n];\n"
    ),
}

_COMMAND = """#!/usr/bin/env php
<?php
require dirname(__DIR__) . '/app/bootstrap.php';

foreach (\\Magento\\Framework\\Component\\ComponentRegistrar::names() as $name) {
    echo $name, PHP_EOL;
}
"""

REGISTRAR = """<?php
declare(strict_types=1);

namespace Magento\\Framework\\Component;

class ComponentRegistrar
{
    public const MODULE = 'module';
    public const LIBRARY = 'library';
    public const THEME = 'theme';
    public const LANGUAGE = 'language';

    private static array $paths = [];

    public static function register(string $type, string $name, string $path): void
    {
        self::$paths[$name] = [$type, $path];
    }

    public static function names(): array
    {
        return array_keys(self::$paths);
    }
}
"""

# Archives leave symbolic links out, so this one has to go before it counts as lost.
_LINK = "dev/tests/integration/testsuite/Magento/Framework/View/_files/static/link.css"
_WITHOUT_LINK = "2.4.4"

# Where a release of real size keeps what is not in modules, with weights.
LARGE_PLACES = {
    "dev/tests/integration/testsuite/Magento/": 30,
    "dev/tests/api-functional/testsuite/Magento/": 12,
    "dev/tests/static/testsuite/Magento/": 4,
    "dev/tests/acceptance/tests/functional/": 4,
    "lib/web/": 20,
    "setup/src/Magento/Setup/": 6,
    "lib/internal/Magento/Framework/": 24,
}


def base_files(release: str) -> Iterator[File]:
    """Give the whole base tree at a release."""
    yield from _steady_files()
    for path in _GENERATED.split():
        yield File(path, content(path, "1"))
    if within(release, ["..2.4.3-p99"]):
        yield symlink(_LINK, "style.css")


def changed_base_files(release: str, share: int) -> Iterator[File]:
    """Give what a release changes of it, as thousandths of the files."""
    for path in _GENERATED.split():
        if chosen(share, path, release):
            yield File(path, content(path, release))
    if release == _WITHOUT_LINK:
        yield removed(_LINK)


def base_file_count() -> int:
    return len(_GENERATED.split()) + sum(1 for _ in _steady_files())


def _steady_files() -> Iterator[File]:
    yield executable("bin/magento", _COMMAND.encode())
    for path, text in _WRITTEN.items():
        yield File(path, text.encode())
