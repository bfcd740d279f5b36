"""What a number's display needs of the outside: the calendar, and the record."""

from datetime import datetime

from temporalio import activity

from activities.ports import Calendar, Displays, OpenDisplays
from filing.display import Aftermath, DisplayState, NumberCancelled, Plan, plan
from filing.model import Model


class PlanOrder(Model):
    """When the number's display is to be reminded of, counted from `start`."""

    start: datetime
    offset_seconds: int
    """The filing's own spread of 09:00 notices."""


class DisplayActivities:
    """Needs the registry, the calendar and Temporal."""

    def __init__(self, displays: Displays, calendar: Calendar, open_displays: OpenDisplays) -> None:
        self._displays = displays
        self._calendar = calendar
        self._open = open_displays

    @activity.defn
    async def see_to_displays(self, aftermath: Aftermath) -> None:
        """Begin and end what a filing that went through asks for; doing it again does nothing."""
        if aftermath.begins is not None:
            await self._open.begin(aftermath.begins)
        if aftermath.ends is not None:
            message = NumberCancelled(by=aftermath.filing_id, note=aftermath.note)
            # Itself in any case: one that has just begun may not be on record yet.
            for number in {aftermath.ends, *await self._displays.waiting(aftermath.ends)}:
                await self._open.end(number, message)

    @activity.defn
    async def plan_display(self, order: PlanOrder) -> Plan:
        """The reminders, by the calendar as it is known now."""
        return plan(order.start, order.offset_seconds, await self._calendar.arrangement())

    @activity.defn
    async def record_display(self, state: DisplayState) -> None:
        """Write down where it stands."""
        await self._displays.write(state)
