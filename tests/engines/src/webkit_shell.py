"""An app shell of WebKitGTK, as small as it can be: it serves the schemes of its pages itself.

Arguments: the proxy, the file with the page that every URL of these schemes gets, and URLs to open one after the other.
The page says in its title that it is done. It prints "done" in the end.

It calls the library through ctypes, so that neither headers nor bindings are needed.
"""

import ctypes
import sys
import time

GTK = ctypes.CDLL("libgtk-3.so.0")
GIO = ctypes.CDLL("libgio-2.0.so.0")
GLIB = ctypes.CDLL("libglib-2.0.so.0")
WEBKIT = ctypes.CDLL("libwebkit2gtk-4.1.so.0")
POINTER, TEXT, INT = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
CUSTOM_PROXY = 2
PATIENCE = 20.0


def function(library, name, result, *arguments):
    found = getattr(library, name)
    found.restype, found.argtypes = result, arguments
    return found


def webkit(name, result, *arguments):
    return function(WEBKIT, "webkit_" + name, result, *arguments)


proxy, page_file, *urls = sys.argv[1:]
if not function(GTK, "gtk_init_check", INT, POINTER, POINTER)(None, None):
    sys.exit("no display")

context = webkit("web_context_new", POINTER)()
data = webkit("web_context_get_website_data_manager", POINTER, POINTER)(context)
settings = webkit("network_proxy_settings_new", POINTER, TEXT, POINTER)(proxy.encode(), None)
webkit("website_data_manager_set_network_proxy_settings", None, POINTER, INT, POINTER)(
    data, CUSTOM_PROXY, settings
)

with open(page_file, "rb") as file:
    PAGE = file.read()
BUFFER = ctypes.create_string_buffer(PAGE, len(PAGE))
new_stream = function(
    GIO, "g_memory_input_stream_new_from_data", POINTER, POINTER, ctypes.c_ssize_t, POINTER
)
finish = webkit("uri_scheme_request_finish", None, POINTER, POINTER, ctypes.c_int64, TEXT)
Serve = ctypes.CFUNCTYPE(None, POINTER, POINTER)


@Serve
def serve(request, _):
    stream = new_stream(ctypes.cast(BUFFER, POINTER), len(PAGE), None)
    finish(request, stream, len(PAGE), b"text/html")


register = webkit("web_context_register_uri_scheme", None, POINTER, TEXT, Serve, POINTER, POINTER)
security = webkit("web_context_get_security_manager", POINTER, POINTER)(context)
enable_cors = webkit(
    "security_manager_register_uri_scheme_as_cors_enabled", None, POINTER, TEXT
)
for scheme in sorted({url.split(":")[0] for url in urls} - {"file"}):
    register(context, scheme.encode(), serve, None, None)
    enable_cors(security, scheme.encode())

view = webkit("web_view_new_with_context", POINTER, POINTER)(context)
view_settings = webkit("web_view_get_settings", POINTER, POINTER)(view)
webkit("settings_set_allow_file_access_from_file_urls", None, POINTER, INT)(view_settings, 1)
window = function(GTK, "gtk_window_new", POINTER, INT)(0)
function(GTK, "gtk_container_add", None, POINTER, POINTER)(window, view)
function(GTK, "gtk_widget_show_all", None, POINTER)(window)

load = webkit("web_view_load_uri", None, POINTER, TEXT)
title = webkit("web_view_get_title", TEXT, POINTER)
iterate = function(GLIB, "g_main_context_iteration", INT, POINTER, INT)
is_loading = webkit("web_view_is_loading", INT, POINTER)

for url in urls:
    done = b"done " + url.rsplit("#", 1)[1].encode()
    load(view, url.replace("file://PAGE", "file://" + page_file).encode())
    start, idle_since = time.monotonic(), None
    while (title(view) or b"") != done and time.monotonic() - start < PATIENCE:
        iterate(None, 0)
        time.sleep(0.002)
        # What is no URL ends without a page.
        idle_since = None if is_loading(view) else (idle_since or time.monotonic())
        if idle_since and time.monotonic() - idle_since > 3.0:
            break
print("done", flush=True)
