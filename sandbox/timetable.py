"""When the authority's people answer by themselves, and how."""

import random
from dataclasses import dataclass, replace

from sandbox.orders import (
    BUREAU,
    BUREAU_RETURNED,
    CHECKING,
    FILED,
    RETURNED,
    SMS_DONE,
    SMS_LAPSED,
    SMS_WAITING,
    Order,
)

PLATFORM_REASON = {
    "key_name": "小程序备注",
    "error": "备注过于笼统",
    "suggest": "请写明小程序实际提供的服务",
}
BUREAU_REASON = {
    "key_name": "主体负责人证件照片",
    "error": "证件照片不清晰",
    "suggest": "请重新上传清晰的证件照片",
}


@dataclass(frozen=True)
class Timetable:
    """Seconds after which each step is taken; None: only when the control API says so. Shares are
    percents of the orders; which ones follows from the seed, the appid and how often it applied."""

    check: float | None = None
    """The platform's review."""
    sms: float | None = None
    """The SMS check."""
    number: float | None = None
    """The bureau's review."""
    verification: float | None = None
    """The combined flow's verification, its fee included."""
    returned: float = 0.0
    """Share that the platform returns."""
    sms_lapsed: float = 0.0
    """Share whose SMS check times out."""
    bureau_returned: float = 0.0
    """Share that the bureau returns."""
    seed: int = 0

    def after(self, order: Order) -> float | None:
        """Seconds until the next step of an order that has just come to where it stands."""
        if order.status == CHECKING:
            return self.check
        if order.status == BUREAU:
            return {SMS_WAITING: self.sms, SMS_DONE: self.number}.get(order.sms)
        return None

    def step(self, order: Order) -> Order:
        """The order after its next step."""
        drawn = f"{self.seed} {order.appid} {order.applications} {order.status} {order.sms}"
        dice = random.Random(drawn).random() * 100  # noqa: S311 - no secret
        if order.status == CHECKING:
            if dice < self.returned:
                return replace(order, status=RETURNED, audit_data=(PLATFORM_REASON,))
            return replace(order, status=BUREAU, sms=SMS_WAITING)
        if order.sms == SMS_WAITING:
            return replace(order, sms=SMS_LAPSED if dice < self.sms_lapsed else SMS_DONE)
        if dice < self.bureau_returned:
            return replace(order, status=BUREAU_RETURNED, sms=0, audit_data=(BUREAU_REASON,))
        return replace(order, status=FILED, sms=0)
