"""What an app finds in its environment, beside PORT."""

from __future__ import annotations

from tasks.release import Release


def variables_of(release: Release) -> dict[str, str]:
    """Names and values; some are secret, so they are made where they are used and never passed along."""
    return {
        **release.platform.flags.variables(),
        **release.settings.app.variables,
        **release.settings.app.secrets(),
        "DATABASE_URL": release.platform.database.ensure(release.app),
        "APP_VERSION": release.label,
        "APP_ENVIRONMENT": release.environment,
    }
