//! `eventsource/`

use tower_cors::testing::{Browser, Credentials, Fetch};

use super::{Files, LOCAL, REMOTE_2, at, fetch, fetch_in, last};

const STREAM: (&str, &str) = ("content-type", "text/event-stream");

pub(super) fn run(files: &mut Files) {
    let allow = ("access-control-allow-credentials", "true");
    files.file("eventsource/eventsource-cross-origin.htm", |file| {
        let include =
            |url: String| fetch(Fetch::event_source(url).credentials(Credentials::Include));
        file.reads("basic", &include(at(REMOTE_2, &[STREAM, allow])));
        let next = at(REMOTE_2, &[STREAM, allow]);
        file.reads(
            "redirect",
            &include(at(
                REMOTE_2,
                &[allow, ("status", "302"), ("location", &next)],
            )),
        );
        file.fails("without credentials", &include(at(REMOTE_2, &[STREAM])));
        for origin in ["http://example.org", ""] {
            let url = at(REMOTE_2, &[STREAM, ("origin", origin)]);
            file.fails(origin, &fetch(Fetch::event_source(url)));
        }
    });
    files.file("eventsource/request-credentials.htm", |file| {
        for (name, credentials, expected) in [
            ("enabled", Some(Credentials::Include), true),
            ("disabled", Some(Credentials::SameOrigin), false),
            ("default", None, false),
        ] {
            let mut page = Browser::at(LOCAL);
            let source = || {
                let source =
                    Fetch::event_source(at(REMOTE_2, &[STREAM, allow, ("set-cookie", "a=1")]));
                match credentials {
                    Some(credentials) => source.credentials(credentials),
                    None => source,
                }
            };
            let first = fetch_in(&mut page, source());
            let second = fetch_in(&mut page, source());
            let holds =
                last(&first, "cookie").is_none() && last(&second, "cookie").is_some() == expected;
            file.check(name, holds && second.response().is_some(), &second);
        }
    });
    files.file("eventsource/request-redirect.htm", |file| {
        for status in ["301", "302", "303", "307"] {
            let next = at(LOCAL, &[STREAM]);
            let outcome = fetch(Fetch::event_source(at(
                LOCAL,
                &[("status", status), ("location", &next)],
            )));
            file.reads(status, &outcome);
        }
    });
    files.file("eventsource/request-status-error.htm", |file| {
        for status in ["204", "205", "210", "299", "404", "410", "503"] {
            let outcome = fetch(Fetch::event_source(at(
                LOCAL,
                &[STREAM, ("status", status)],
            )));
            file.fails(status, &outcome);
        }
    });
    files.file("eventsource/request-cache-control.any.js", |file| {
        for origin in [LOCAL, REMOTE_2] {
            // Each is asked twice.
            for _ in 0..2 {
                let outcome = fetch(Fetch::event_source(at(origin, &[STREAM])));
                file.check(
                    origin,
                    last(&outcome, "cache-control") == Some("no-cache"),
                    &outcome,
                );
            }
        }
    });
    files.file("eventsource/request-accept.htm", |file| {
        let outcome = fetch(Fetch::event_source(at(LOCAL, &[STREAM])));
        file.check(
            "accept",
            last(&outcome, "accept") == Some("text/event-stream"),
            &outcome,
        );
    });
    files.file(
        "eventsource/eventsource-constructor-non-same-origin.window.js",
        |file| {
            for url in [
                "ftp://example.not/",
                "about:blank",
                "mailto:whatwg@awesome.example",
                "javascript:alert('FAIL')",
            ] {
                file.fails(url, &fetch(Fetch::event_source(url)));
            }
        },
    );
    files.file(
        "eventsource/eventsource-constructor-url-bogus.any.js",
        |file| {
            file.fails(
                "no URL",
                &fetch(Fetch::event_source("http://this is invalid/")),
            );
        },
    );
    files.file("eventsource/format-mime-valid-bogus.htm", |file| {
        let outcome = fetch(Fetch::event_source(at(
            LOCAL,
            &[("content-type", "text/x-bogus")],
        )));
        file.fails("another type", &outcome);
    });
    let opened = [
        "eventsource/eventsource-constructor-document-domain.window.js",
        "eventsource/eventsource-onopen.js",
    ];
    for name in opened {
        files.file(name, |file| {
            file.reads("opens", &fetch(Fetch::event_source(at(LOCAL, &[STREAM]))));
        });
    }
    // URLs are relative to the page or the frame.
    let relative = "message?content-type=text/event-stream";
    for (name, page, url, absolute) in [
        (
            "eventsource/eventsource-url.js",
            "/page",
            relative,
            format!("{LOCAL}/{relative}"),
        ),
        (
            "eventsource/eventsource-constructor-url-multi-window.htm",
            "/resources/init.htm",
            relative,
            format!("{LOCAL}/resources/{relative}"),
        ),
        (
            "eventsource/eventsource-constructor-empty-url.js",
            "/page?content-type=text/event-stream",
            "",
            format!("{LOCAL}/page?content-type=text/event-stream"),
        ),
    ] {
        files.file(name, |file| {
            let mut page = Browser::at(&format!("{LOCAL}{page}"));
            let outcome = fetch_in(&mut page, Fetch::event_source(url));
            let holds = outcome.response().is_some() && outcome.url() == absolute;
            file.check(url, holds, &outcome);
        });
    }
    for name in [
        "eventsource/dedicated-worker/eventsource-constructor-non-same-origin.htm",
        "eventsource/shared-worker/eventsource-constructor-non-same-origin.htm",
    ] {
        files.file(name, |file| {
            for url in [
                "ftp://example.not/",
                "about:blank",
                "mailto:whatwg@awesome.example",
                "javascript:alert('FAIL')",
            ] {
                let mut worker = Browser::at(LOCAL).in_worker("/worker.js");
                file.fails(url, &fetch_in(&mut worker, Fetch::event_source(url)));
            }
        });
    }
}
