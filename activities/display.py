"""What a number's display needs of the outside: the calendar, and the record."""

from datetime import datetime

from temporalio import activity

from activities.ports import Calendar, Displays
from filing.display import DisplayState, Plan, plan
from filing.model import Model


class PlanOrder(Model):
    """When the number's display is to be reminded of, counted from `start`."""

    start: datetime
    offset_seconds: int
    """The filing's own spread of 09:00 notices."""


class DisplayActivities:
    """Needs the registry and the calendar."""

    def __init__(self, displays: Displays, calendar: Calendar) -> None:
        self._displays = displays
        self._calendar = calendar

    @activity.defn
    async def plan_display(self, order: PlanOrder) -> Plan:
        """The reminders, by the calendar as it is known now."""
        return plan(order.start, order.offset_seconds, await self._calendar.arrangement())

    @activity.defn
    async def record_display(self, state: DisplayState) -> None:
        """Write down where it stands."""
        await self._displays.write(state)
