"""The root composer.json of the core: what product, project and base package are derived from."""

from collections.abc import Mapping
from typing import Any

from mirror.releases import within
from mirror.sampling.composer_files import LICENSES, Json
from mirror.sampling.modules import PHP, PHP_OF_2021

INSTALLER = "magento/magento-composer-installer"
_MODERN = "2.4.4.."

_REQUIRE = {
    "ext-ctype": "*",
    "ext-curl": "*",
    "ext-dom": "*",
    "ext-hash": "*",
    "ext-iconv": "*",
    "ext-mbstring": "*",
    "ext-openssl": "*",
    "ext-simplexml": "*",
    "ext-xsl": "*",
    "ext-zip": "*",
    "lib-libxml": "*",
    "colinmollenhour/cache-backend-file": "~1.4.1",
    "colinmollenhour/cache-backend-redis": "^1.14",
    "colinmollenhour/credis": "^1.13",
    "colinmollenhour/php-redis-session-abstract": "~1.4.5",
    "composer/composer": "^1.9 || ^2.0",
    "elasticsearch/elasticsearch": "~7.17.0",
    "guzzlehttp/guzzle": "^7.4.2",
    "laminas/laminas-captcha": "^2.12",
    "laminas/laminas-code": "^4.5",
    "laminas/laminas-di": "^3.3",
    "laminas/laminas-eventmanager": "^3.5.0",
    "laminas/laminas-http": "^2.15.0",
    "laminas/laminas-mail": "^2.16.0",
    "laminas/laminas-mime": "^2.9.1",
    "laminas/laminas-modulemanager": "^2.11.0",
    "laminas/laminas-mvc": "^3.3.3",
    "laminas/laminas-server": "^2.11.1",
    "laminas/laminas-servicemanager": "^3.11.0",
    "laminas/laminas-soap": "^2.10.0",
    "laminas/laminas-stdlib": "^3.7.1",
    "laminas/laminas-uri": "^2.9.1",
    "laminas/laminas-validator": "^2.17.0",
    "league/flysystem": "^2.4",
    "league/flysystem-aws-s3-v3": "^2.4",
    INSTALLER: ">=0.1.11",
    "monolog/monolog": "^2.3",
    "opis/closure": "^3.6.3",
    "pelago/emogrifier": "^6.0.0",
    "php-amqplib/php-amqplib": "~3.2.0",
    "phpseclib/mcrypt_compat": "^2.0",
    "phpseclib/phpseclib": "^3.0",
    "ramsey/uuid": "~4.2.0",
    "symfony/console": "~4.4.0",
    "symfony/event-dispatcher": "~4.4.0",
    "symfony/process": "~4.4.0",
    "tedivm/jshrink": "~1.4.0",
    "tubalmartin/cssmin": "4.1.1",
    "web-token/jwt-framework": "^3.1",
    "webonyx/graphql-php": "^15.0",
    "wikimedia/less.php": "^3.0.0",
}

_REQUIRE_DEV = {
    "allure-framework/allure-phpunit": "^2",
    "dealerdirect/phpcodesniffer-composer-installer": "^0.7",
    "friendsofphp/php-cs-fixer": "~3.8",
    "lusitanian/oauth": "~0.8.10",
    "magento/magento-coding-standard": "*",
    "magento/magento2-functional-testing-framework": "^3.7",
    "pdepend/pdepend": "~2.10.0",
    "phpmd/phpmd": "^2.12.0",
    "phpunit/phpunit": "^9.5",
    "sebastian/phpcpd": "^6.0.3",
    "symfony/finder": "^5.4",
}

# What came and went: (releases, section, entries).
_CHANGES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("2.3.7..2.4.2-p99", "require", {"magento/composer": "~1.6.0"}),
    ("2.4.3..2.4.3-p99", "require", {"magento/composer": "~1.7.0"}),
    ("2.4.4..2.4.5-p99", "require", {"magento/composer": "~1.8.0"}),
    ("2.4.6..2.4.7-p99", "require", {"magento/composer": "~1.9.0"}),
    ("2.4.8..2.4.8-p99", "require", {"magento/composer": "^1.10.1"}),
    ("2.4.9-beta1..", "require", {"magento/composer": "^1.10.2-beta3"}),
    ("2.4.4..", "require", {"magento/composer-dependency-version-audit-plugin": "~0.1"}),
    ("2.3.7..2.4.3-p99", "require", {"magento/zendframework1": "~1.14.2"}),
    ("2.4.4..2.4.5-p99", "require", {"magento/zendframework1": "~1.15.0"}),
    ("2.4.6..2.4.7-p99", "require", {"magento/zend-cache": "^1.16", "magento/zend-db": "^1.16"}),
    ("2.4.6..", "require", {"magento/zend-pdf": "^1.16"}),
    ("2.4.8-beta1..", "require", {"magento/magento-zf-db": "^3.21"}),
    ("2.4.8-beta1..2.4.8", "require-dev", {"magento/magento-allure-phpunit": "^3.0"}),
)

_REPLACED = {
    "blueimp/jquery-file-upload": "5.6.14",
    "components/jquery": "1.11.0",
    "components/jqueryui": "1.10.4",
    "tinymce/tinymce": "3.4.7",
    "trentrichardson/jquery-timepicker-addon": "1.4.3",
    "twbs/bootstrap": "3.1.0",
}

_COMPONENT_PATHS = {
    "trentrichardson/jquery-timepicker-addon": "lib/web/jquery/jquery-ui-timepicker-addon.js",
    "blueimp/jquery-file-upload": "lib/web/jquery/fileUploader",
    "components/jquery": ["lib/web/jquery.js", "lib/web/jquery/jquery.min.js", "lib/web/jquery/jquery-migrate.js"],
    "components/jqueryui": ["lib/web/jquery/jquery-ui.js"],
    "twbs/bootstrap": ["lib/web/jquery/jquery.tabs.js"],
    "tinymce/tinymce": "lib/web/tiny_mce_5",
}

_AUTOLOAD = {
    "exclude-from-classmap": ["**/dev/**", "**/update/**", "**/Test/**"],
    "files": ["app/etc/NonComposerComponentRegistration.php"],
    "psr-0": {"": ["app/code/", "generated/code/"]},
    "psr-4": {
        "Magento\\": "app/code/Magento/",
        "Magento\\Framework\\": "lib/internal/Magento/Framework/",
        "Magento\\Setup\\": "setup/src/Magento/Setup/",
    },
}

_AUTOLOAD_DEV = {
    "psr-4": {
        "Magento\\PhpStan\\": "dev/tests/static/framework/Magento/PhpStan/",
        "Magento\\Sniffs\\": "dev/tests/static/framework/Magento/Sniffs/",
        "Magento\\TestFramework\\Inspection\\": "dev/tests/static/framework/Magento/TestFramework/Inspection/",
    }
}


def root_json(release: str, modules: Mapping[str, str]) -> Json:
    """Give the root composer.json of a release whose packages have these versions."""
    return {
        "name": "magento/magento2ce",
        "description": "Magento 2 (Open Source)",
        "type": "project",
        "license": LICENSES,
        "config": _config(release),
        "version": release,
        "require": require(release),
        "require-dev": _section("require-dev", release, _REQUIRE_DEV),
        "conflict": {"gene/bluefoot": "*"},
        "replace": _replace(release, modules),
        "autoload": _AUTOLOAD,
        "autoload-dev": _AUTOLOAD_DEV,
        "minimum-stability": "stable",
        "prefer-stable": True,
        "extra": {"component_paths": _COMPONENT_PATHS},
    }


def require(release: str) -> dict[str, str]:
    php = PHP if within(release, ["2.4.3.."]) else PHP_OF_2021
    return {"php": php} | _section("require", release, _REQUIRE)


def third_parties() -> dict[str, set[str]]:
    """Give all constraints that some root has on packages of others, by name."""
    found: dict[str, set[str]] = {}
    tables = [_REQUIRE, _REQUIRE_DEV, *(entries for _, _, entries in _CHANGES)]
    for table in tables:
        for name, constraint in table.items():
            if "/" in name:
                found.setdefault(name, set()).add(constraint)
    return found


def _section(section: str, release: str, always: Mapping[str, str]) -> dict[str, str]:
    found = dict(always)
    for releases, changed, entries in _CHANGES:
        if changed == section and within(release, [releases]):
            found |= entries
    return dict(sorted(found.items(), key=lambda link: ("/" in link[0], link[0])))


def _config(release: str) -> dict[str, Any]:
    if not within(release, [_MODERN]):
        return {"use-include-path": True}
    plugins = {
        "dealerdirect/phpcodesniffer-composer-installer": True,
        "laminas/laminas-dependency-plugin": True,
        "magento/*": True,
    }
    return {"allow-plugins": plugins, "preferred-install": "dist", "sort-packages": True}


def _replace(release: str, modules: Mapping[str, str]) -> dict[str, str]:
    versions = dict(modules)
    if release == "2.3.7-p3":  # upstream's mistake: the module at this tag is 100.3.7
        versions["magento/module-bundle"] = "100.3.7-p3"
    return dict(sorted((versions | _REPLACED).items()))
