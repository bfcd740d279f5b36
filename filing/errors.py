"""Types of failures, by their names in Temporal. Trying again heals none but `ORDER_IN_THE_WAY`."""

INVALID_APPLICATION = "InvalidApplication"
"""The application, or the id it was started under, is not valid: the text lists paths and codes."""
SUBJECT_BUSY = "SubjectBusy"
"""Another open filing has its subject or mini program: the text names it."""

ORDER_IN_THE_WAY = "OrderInTheWay"
"""The authority has an order of another round or filing under review: it is waited for."""

INVALID_SWEEP = "InvalidSweep"
"""A sweep was started with something else than a day."""

INVALID_DISPLAY = "InvalidDisplay"
"""What a display workflow was started with, or its id, is not valid: the text lists the paths."""

INVALID_BATCH = "InvalidBatch"
"""A batch was started with something else than its id."""
