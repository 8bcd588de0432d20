"""Records again what app shells of Qt WebEngine send, which is Chromium with schemes of its own, and compares.

It is run by hand, because its packages have 200 MB:

    python3 -m venv qt && qt/bin/pip install PyQt6-WebEngine
    qt/bin/python tests/engines/src/qt_shell.py tests/data/recorded-origins.tsv

It prints each row of the engine `qt` that differs, and fails if there is one.
"""

import http.server
import os
import sys
import tempfile
import threading

os.environ.setdefault("QTWEBENGINE_CHROMIUM_FLAGS", "--no-sandbox --disable-gpu")
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import QBuffer, QIODevice, QTimer, QUrl
from PyQt6.QtWebEngineCore import (
    QWebEnginePage,
    QWebEngineProfile,
    QWebEngineSettings,
    QWebEngineUrlScheme,
    QWebEngineUrlSchemeHandler,
    qWebEngineChromiumVersion,
    qWebEngineVersion,
)
from PyQt6.QtWidgets import QApplication

SYNTAX = QWebEngineUrlScheme.Syntax
# Electron registers a standard scheme in the way of `HostAndPort` without a default port.
SCHEMES = {
    "host syntax": (SYNTAX.Host, ["app", "capacitor", "tauri", "ionic", "vscode-webview"]),
    "port syntax": (SYNTAX.HostAndPort, ["appport"]),
    "path syntax": (SYNTAX.Path, ["apppath"]),
}
HANDLED = [scheme for _, schemes in SCHEMES.values() for scheme in schemes] + ["unknown"]
PAGE = b"<!doctype html><title>page</title>"
PATIENCE, PAUSE = 3000, 600

sent = {}


class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        sent[self.path] = self.headers.get("Origin", "-")
        self.send_response(200)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.end_headers()

    def log_message(self, *_):
        pass


class Shell(QWebEngineUrlSchemeHandler):
    def requestStarted(self, job):
        page = QBuffer(job)
        page.setData(PAGE)
        page.open(QIODevice.OpenModeFlag.ReadOnly)
        job.reply(b"text/html", page)


with open(sys.argv[1], encoding="utf-8") as file:
    rows = [row.rstrip("\n").split("\t") for row in file if row.startswith("qt\t")]
api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=api.serve_forever, daemon=True).start()
for syntax, schemes in SCHEMES.values():
    for name in schemes:
        scheme = QWebEngineUrlScheme(name.encode())
        scheme.setSyntax(syntax)
        scheme.setDefaultPort(80 if syntax == SYNTAX.HostAndPort else -1)
        flags = QWebEngineUrlScheme.Flag
        scheme.setFlags(flags.SecureScheme | flags.CorsEnabled)
        QWebEngineUrlScheme.registerScheme(scheme)
application = QApplication(["shell"])
print(f"Qt WebEngine {qWebEngineVersion()}, Chromium {qWebEngineChromiumVersion()}", flush=True)
profile, shell = QWebEngineProfile(), Shell()
for name in HANDLED:
    profile.installUrlSchemeHandler(name.encode(), shell)
local = tempfile.NamedTemporaryFile(suffix=".html")
local.write(PAGE)
local.flush()
pages = []


def open_next():
    number = len(pages)
    if number == len(rows):
        application.quit()
        return
    _, how, url, _ = rows[number]
    page = QWebEnginePage(profile)
    pages.append(page)
    access = QWebEngineSettings.WebAttribute.LocalContentCanAccessRemoteUrls
    page.settings().setAttribute(access, how == "file with access")

    def ask():
        page.runJavaScript(f"fetch('http://127.0.0.1:{api.server_port}/{number}').catch(() => 0)")
        QTimer.singleShot(PAUSE, open_next)

    if how.startswith("file"):
        page.load(QUrl.fromLocalFile(local.name))
    elif how in SCHEMES:
        # A URL of a page, because `QUrl` would change it.
        page.setHtml("<title>start</title>", QUrl("data:"))
        QTimer.singleShot(PAUSE, lambda: page.runJavaScript(f"location.href = {url!r}"))
    else:
        page.load(QUrl(url))
    QTimer.singleShot(PATIENCE, ask)


QTimer.singleShot(0, open_next)
application.exec()
differing = 0
for number, (engine, how, url, expected) in enumerate(rows):
    origin = sent.get(f"/{number}", "-")
    if origin != expected:
        differing += 1
        print(f"{engine}\t{how}\t{url}\t{origin}\t(was {expected})")
sys.stdout.flush()
os._exit(1 if differing or not rows else 0)
