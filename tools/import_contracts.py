"""Import contracts of our own kind, for import-linter."""

from typing import Any

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract


class ForbiddenWherePresent(ForbiddenContract):
    """A forbidden contract whose source modules need not exist yet."""

    type_name = "forbidden_where_present"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: FBT001 - the signature is import-linter's
        """Check the source modules that exist."""
        contract: Any = self  # import-linter's fields are typed as what reads them, not as what they hold
        contract.source_modules = {named for named in contract.source_modules if named.expression in graph.modules}
        return super().check(graph, verbose)
