"""The packages that the sample's repositories hold, with their versions at 2.4.3.

Names and versions are upstream's where the recipe's corrections speak of them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mirror.releases import within
from mirror.sampling.filler import digest

PHP = "~8.1.0||~8.2.0||~8.3.0||~8.4.0"  # wider than upstream's: the sample is to install anywhere
PHP_OF_2021 = "~7.3.0||~7.4.0"
VENDOR = "magento/"
FRAMEWORK = "magento/framework"

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Package:
    """One package of a repository with several."""

    directory: str
    name: str
    version: str
    type: str = "magento2-module"
    needs: tuple[str, ...] = ()  # names of siblings
    third_parties: Mapping[str, str] = field(default_factory=dict)
    releases: tuple[str, ...] = ("0..",)  # of the core, or tags of a split repository
    constant: bool = False  # never gets another version

    def is_in(self, release: str) -> bool:
        return within(release, self.releases)

    @property
    def namespace(self) -> str:
        if self.type == "magento2-library":
            return self.directory.removeprefix("lib/internal/").replace("/", "\\")
        return "Magento\\" + self.directory.rpartition("/")[2]


def module_name(words: str) -> str:
    """Give the package name of a module directory: AwsS3PageBuilder, magento/module-aws-s3-page-builder."""
    return f"{VENDOR}module-{_HUMP.sub('-', words).lower()}"


_THIRD_PARTIES = {
    "magento/module-adobe-stock-client": {"astock/stock-api-libphp": "^1.1.2"},
    "magento/module-page-builder": {"phpgt/dom": "2.1.6"},
    "magento/module-two-factor-auth": {"spomky-labs/otphp": "^10.0"},
}


def _modules(parent: str, table: str) -> tuple[Package, ...]:
    """Read lines of ``Directory version Needed Needed …``."""
    return tuple(_module(parent, *line.split()) for line in table.strip().splitlines())


def _module(parent: str, directory: str, version: str = "100.4.3", *needs: str) -> Package:
    names = (FRAMEWORK, *map(module_name, needs))
    name = module_name(directory)
    return Package(parent + directory, name, version, needs=names, third_parties=_THIRD_PARTIES.get(name, {}))


# Extensions require these, so the core has them at any size.
_NEEDED = _modules(
    "app/code/Magento/",
    """
Store 101.1.3 Directory Config MediaStorage
Backend 102.0.3 Store Directory Config
Catalog 104.0.3 Store Eav Cms MediaStorage CatalogInventory
AdminAnalytics 100.4.3 Backend Config Store
Analytics 100.4.3 Backend Config
AwsS3 100.4.1
Bundle 101.0.3 Catalog CatalogInventory Store
CatalogInventory 100.4.3 Config Store
CatalogWidget 100.4.3 Catalog Rule Widget
Cms 104.0.3 Backend Store Email Variable Widget
Config 101.2.3 Email Directory
Directory 100.4.3
Eav 102.1.3 Store Config
Email 101.1.3 Theme Store Variable
MediaGalleryApi 101.0.3
MediaGallerySynchronizationApi 100.4.2 MediaGalleryApi
MediaGalleryUi 100.4.2 Backend Cms MediaGalleryApi Ui
MediaStorage 100.4.2 Config Store Theme
RequireJs 100.4.0
Review 100.4.3 Catalog Customer Store
Rule 100.4.2 Eav Store
Customer 103.0.3 Eav Store Directory
Theme 101.1.3 Store Ui RequireJs
Ui 101.2.3 Store Config
Variable 100.4.1 Backend Store
Widget 101.2.3 Cms Backend Theme
Wishlist 101.2.3 Catalog Customer
""",
)

# Had a repository of their own until 2.4.4.
_MERGED = tuple(
    Package(f"app/code/Magento/{name}", module_name(name), version, needs=(FRAMEWORK,), releases=("2.4.5..",))
    for name, version in (("AdobeIms", "2.1.2"), ("AdobeImsApi", "2.1.0"), ("AdminAdobeIms", "100.4.0"))
)

_FURTHER = """
AdminNotification AdvancedPricingImportExport AdvancedSearch Amqp AsyncConfig Authorization AwsS3MessageQueue
AsynchronousOperations Backup BundleGraphQl BundleImportExport CacheInvalidate Captcha CardinalCommerce
CatalogAnalytics CatalogCmsGraphQl CatalogCustomerGraphQl CatalogGraphQl CatalogImportExport
CatalogInventoryGraphQl CatalogRule CatalogRuleConfigurable CatalogRuleGraphQl CatalogSearch CatalogUrlRewrite
CatalogUrlRewriteGraphQl Checkout CheckoutAgreements CheckoutAgreementsGraphQl CmsGraphQl CmsUrlRewrite
CmsUrlRewriteGraphQl CompareListGraphQl ConfigurableImportExport ConfigurableProduct
ConfigurableProductGraphQl ConfigurableProductSales Contact Cookie Cron Csp CurrencySymbol CustomerAnalytics
CustomerDownloadableGraphQl CustomerGraphQl CustomerImportExport DataExporterApi Deploy Developer Dhl
DirectoryGraphQl Downloadable DownloadableGraphQl DownloadableImportExport EavGraphQl Elasticsearch
Elasticsearch7 EncryptionKey Fedex GiftMessage GiftMessageGraphQl GoogleAdwords GoogleAnalytics GoogleOptimizer
GraphQl GraphQlCache GroupedCatalogInventory GroupedImportExport GroupedProduct GroupedProductGraphQl
ImportExport Indexer InstantPurchase Integration JwtFrameworkAdapter JwtUserToken LayeredNavigation
LoginAsCustomer LoginAsCustomerAdminUi LoginAsCustomerApi LoginAsCustomerFrontendUi LoginAsCustomerGraphQl
LoginAsCustomerLog LoginAsCustomerPageCache LoginAsCustomerQuote LoginAsCustomerSales Marketplace
MediaContent MediaContentApi MediaContentCatalog MediaContentCms MediaGallery MediaGalleryCatalog
MediaGalleryCmsUi MediaGalleryIntegration MediaGalleryMetadata MediaGalleryRenditions
MediaGallerySynchronization MediaGalleryUiApi MessageQueue Msrp MsrpConfigurableProduct MsrpGroupedProduct
Multishipping MysqlMq NewRelicReporting Newsletter NewsletterGraphQl OfflinePayments OfflineShipping PageCache
Payment PaymentGraphQl Paypal PaypalCaptcha PaypalGraphQl Persistent ProductAlert ProductVideo Quote
QuoteAnalytics QuoteBundleOptions QuoteConfigurableOptions QuoteDownloadableLinks QuoteGraphQl
RelatedProductGraphQl ReleaseNotification RemoteStorage Reports ReviewAnalytics ReviewGraphQl Robots Rss Sales
SalesAnalytics SalesGraphQl SalesInventory SalesRule SalesSequence SampleData Search Security SendFriend
SendFriendGraphQl Shipping Sitemap StoreGraphQl Swagger SwaggerWebapi SwaggerWebapiAsync Swatches SwatchesGraphQl
SwatchesLayeredNavigation Tax TaxGraphQl TaxImportExport ThemeGraphQl Translation Ups UrlRewrite UrlRewriteGraphQl
User Usps Vault VaultGraphQl Version Webapi WebapiAsync WebapiSecurity Weee WeeeGraphQl
WishlistAnalytics WishlistGraphQl
"""

LANGUAGES = tuple(
    Package(
        f"app/i18n/Magento/{locale}",
        f"magento/language-{locale.lower()}",
        "100.4.0",
        "magento2-language",
        constant=True,
    )
    for locale in ("de_DE", "en_US", "zh_Hans_CN")
)

THEMES = tuple(
    Package(
        f"app/design/{area}/Magento/{theme}", f"magento/theme-{area}-{theme}", "100.4.3", "magento2-theme", needs=needs
    )
    for area, theme, needs in (
        ("adminhtml", "backend", (FRAMEWORK,)),
        ("frontend", "blank", (FRAMEWORK,)),
        ("frontend", "luma", (FRAMEWORK, "magento/theme-frontend-blank")),
    )
)

_LIBRARY = "lib/internal/Magento/Framework"
LIBRARIES = (
    Package(
        _LIBRARY,
        FRAMEWORK,
        "103.0.3",
        "magento2-library",
        third_parties={"monolog/monolog": "^2.3", "ext-dom": "*", "ext-simplexml": "*", "lib-libxml": "*"},
    ),
    Package(f"{_LIBRARY}/Amqp", "magento/framework-amqp", "100.4.1", "magento2-library", (FRAMEWORK,)),
    Package(f"{_LIBRARY}/Bulk", "magento/framework-bulk", "101.0.1", "magento2-library", (FRAMEWORK,)),
    Package(f"{_LIBRARY}/MessageQueue", "magento/framework-message-queue", "100.4.3", "magento2-library", (FRAMEWORK,)),
    Package(
        f"{_LIBRARY}/Stomp",
        "magento/framework-stomp",
        "100.4.0",
        "magento2-library",
        (FRAMEWORK,),
        releases=("2.4.6-p13..2.4.6-p99", "2.4.7-p8..2.4.7-p99", "2.4.8-p3.."),
    ),
)


def core_packages(modules: int) -> tuple[Package, ...]:
    """Give the packages of the core with so many modules: needed ones first, then real names, then made-up ones."""
    further = _FURTHER.split()
    missing = max(0, modules - len(_NEEDED))
    made_up = (f"Sample{number:03}" for number in range(1, missing - len(further) + 1))
    names = [*further[:missing], *made_up]
    added = (_module("app/code/Magento/", name, f"100.4.{digest(name) % 4}", *_needed_by(name)) for name in names)
    return (*LIBRARIES, *_NEEDED, *_MERGED, *added, *THEMES, *LANGUAGES)


def _needed_by(name: str) -> tuple[str, ...]:
    first = _NEEDED[digest(name, "needs") % len(_NEEDED)]
    return "Store", first.directory.rpartition("/")[2]


# -------------------- the split repositories; versions are those of the tag in SPLITS


@dataclass(frozen=True, slots=True)
class Split:
    """A repository whose modules were split off the core."""

    package: str  # its metapackage
    baseline: str  # the tag that the versions of its modules are of
    modules: tuple[Package, ...]
    directory: str = "_metapackage"
    require: Mapping[str, str] = field(default_factory=dict)  # of the metapackage, besides its modules


SPLITS = {
    "security-package": Split(
        "magento/security-package",
        "1.1.2",
        _modules(
            "",
            """
ReCaptchaAdminUi 1.1.1 ReCaptchaUi Config
ReCaptchaFrontendUi 1.1.1 ReCaptchaUi Store
ReCaptchaUi 1.1.1 ReCaptchaValidationApi
ReCaptchaValidation 1.1.0 ReCaptchaValidationApi
ReCaptchaValidationApi 1.1.0
TwoFactorAuth 1.1.2 Backend Config Store
""",
        ),
        require={"google/recaptcha": "^1.2"},
    ),
    "inventory": Split(
        "magento/inventory-metapackage",
        "1.2.3",
        _modules(
            "",
            """
Inventory 1.2.2 InventoryApi
InventoryAdminUi 1.2.2 InventoryApi Backend Ui
InventoryApi 1.2.2
InventoryCatalog 1.2.2 InventoryApi InventorySalesApi Catalog CatalogInventory
InventoryConfiguration 1.2.1 InventoryApi CatalogInventory
InventoryIndexer 2.1.1 InventoryApi InventorySalesApi
InventoryReservations 1.2.1 InventoryApi
InventorySales 1.2.2 InventorySalesApi InventoryReservations Store
InventorySalesApi 1.2.1 InventoryApi
""",
        ),
        require={"magento/inventory-composer-installer": "1.2.*"},
    ),
    "page-builder": Split(
        "magento/page-builder",
        "1.7.0",
        _modules(
            "app/code/Magento/",
            """
AwsS3PageBuilder 1.0.1
CatalogPageBuilderAnalytics 1.6.1 PageBuilderAnalytics Catalog
CmsPageBuilderAnalytics 1.6.1 PageBuilderAnalytics Cms
PageBuilder 2.2.1 Backend Catalog Cms Config Directory Eav Store Ui Widget Wishlist
PageBuilderAdminAnalytics 1.1.1
PageBuilderAnalytics 1.6.1 Analytics PageBuilder
""",
        ),
        directory="app/code/Magento/_metapackage",
    ),
    "adobe-stock-integration": Split(
        "magento/adobe-stock-integration",
        "2.1.2",
        _modules(
            "",
            """
AdobeStockAdminUi 1.3.0 AdobeStockClientApi Backend Config
AdobeStockAsset 1.3.0 AdobeStockAssetApi AdobeStockClientApi
AdobeStockAssetApi 2.0.0
AdobeStockClient 1.3.1 AdobeImsApi AdobeStockClientApi
AdobeStockClientApi 2.1.0
AdobeStockImage 1.3.1 AdobeStockAssetApi AdobeStockImageApi MediaGalleryApi MediaGallerySynchronizationApi
AdobeStockImageAdminUi 1.3.1 AdobeIms AdobeStockImageApi Backend MediaGalleryUi Ui
AdobeStockImageApi 1.3.0
""",
        ),
    ),
    "adobe-ims": Split(
        "magento/adobe-ims",
        "2.1.2",
        _modules("", "AdobeIms 2.1.2 AdobeImsApi Backend\nAdobeImsApi 2.1.0"),
    ),
}
