"""The shop's web side. `create_app` is the only place where things are wired together."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from webapp.base.config import Config


def create_app(config: "Config | None" = None) -> "Flask":
    """The WSGI application. Without `config` the settings are read.

    Raises ConfigError, also when DATA_KEYS are not those of the database, or a newer version has migrated it.
    """
    # Imported here, so that who needs the settings alone (webapp/base/server.py) does not wait for the shop.
    from werkzeug.middleware.proxy_fix import ProxyFix
    from whitenoise import WhiteNoise

    from webapp import views
    from webapp.base import clock, logs, sealing, sentry
    from webapp.base.config import ROOT, Config, warn_of_unknown
    from webapp.models import data_keys, db, versions
    from webapp.operations import cli
    from webapp.state import shop_time
    from webapp.views import assets
    from webapp.views.site import Site

    config = config or Config.read()
    clock.use_offset_file(config.clock_file)
    db.bind(config.database_url, config.data_keys or [sealing.derived_key(config.telegram_bot_token)])
    versions.refuse_newer()
    data_keys.check()
    shop_time.begin()
    logs.configure(config.log_format)
    warn_of_unknown()
    sentry.begin(config.sentry_dsn)

    app = Site("webapp", root_path=str(ROOT), template_folder="templates", static_folder=None)
    app.kill_at = config.kill_at
    app.url_map.merge_slashes = False  # else //shop is sent on to whatever the Host header says
    app.config.update(MAX_CONTENT_LENGTH=1024 * 1024)
    files = assets.build()
    views.register(app, config, files)
    cli.register(app, config)
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies)  # type: ignore[method-assign]
    served = WhiteNoise(
        app.wsgi_app,
        root=str(files.folder),
        prefix="static/",
        immutable_file_test=lambda _path, _url: True,  # each is named by what is in it
    )
    for folder in files.older:
        served.add_files(str(folder), prefix="static/")
    app.wsgi_app = served  # type: ignore[method-assign] # the documented way to wrap a WSGI app
    return app
