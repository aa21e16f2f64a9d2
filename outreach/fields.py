"""Fields that tell the project's time, which in a demo or a simulation is not the machine's."""

from typing import Any

from django.db import models

from outreach import clock


class CreatedAt(models.DateTimeField):
    """When the row was made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("default", clock.now)
        kwargs.setdefault("editable", False)
        super().__init__(*args, **kwargs)


class ChangedAt(CreatedAt):
    """When the row was last saved."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        moment = clock.now()
        setattr(model_instance, self.attname, moment)
        return moment
