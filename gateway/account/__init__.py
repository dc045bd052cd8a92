"""What is kept of each request, whichever door it came through, and the record that it leaves."""

from gateway.account.access import AccessLog, AccessRecord
from gateway.account.account import Account
from gateway.account.accounts import Accounts
from gateway.account.proxies import Proxies
from gateway.account.recent import Recent
from gateway.account.traced import TracedAccounts

__all__ = ["AccessLog", "AccessRecord", "Account", "Accounts", "Proxies", "Recent", "TracedAccounts"]
