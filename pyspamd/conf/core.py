"""Every directive the language has without plugins, in one table.

Structure (`if`, `ifplugin`, `else`, `endif`, `include`, `lang`, `file`, `require_version`) is not here:
`reading` knows it.
"""

from typing import Any, Final

from .core_addresses import ADDRESS_DIRECTIVES
from .core_admin import ADMIN_DIRECTIVES
from .core_learning import LEARNING_DIRECTIVES
from .core_network import NETWORK_DIRECTIVES
from .core_own import OWN_DIRECTIVES
from .core_report import REPORT_DIRECTIVES
from .core_rules import RULE_DIRECTIVES
from .directives import Directive

CORE: Final[tuple[Directive[Any], ...]] = (
    *RULE_DIRECTIVES,
    *REPORT_DIRECTIVES,
    *ADDRESS_DIRECTIVES,
    *NETWORK_DIRECTIVES,
    *LEARNING_DIRECTIVES,
    *ADMIN_DIRECTIVES,
    *OWN_DIRECTIVES,
    *OWN_DIRECTIVES,
)
