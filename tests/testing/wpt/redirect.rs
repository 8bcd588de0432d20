//! `fetch/api/redirect/`

use tower_cors::testing::{Fetch, Mode, Redirect, ResponseType};

use super::{Files, LOCAL, REMOTE, at, fetch, get, last, read, with};

const STATUSES: [&str; 5] = ["301", "302", "303", "307", "308"];

pub(super) fn run(files: &mut Files) {
    files.file(
        "fetch/api/redirect/redirect-back-to-original-origin.any.js",
        |file| {
            let next = at(LOCAL, &[("origin", "*")]);
            let url = at(REMOTE, &[("status", "303"), ("location", &next)]);
            let outcome = fetch(get(&url).mode(Mode::NoCors));
            file.check(
                "no-cors",
                outcome.response_type() == ResponseType::Opaque,
                &outcome,
            );
            let outcome = fetch(get(&url));
            file.check(
                "cors",
                outcome.response_type() == ResponseType::Cors,
                &outcome,
            );
        },
    );
    files.file("fetch/api/redirect/redirect-count.any.js", |file| {
        for status in STATUSES {
            file.reads(
                format!("{status} 20"),
                &fetch(get(at(LOCAL, &[("status", status), ("count", "20")]))),
            );
            file.fails(
                format!("{status} 21"),
                &fetch(get(at(LOCAL, &[("status", status), ("count", "21")]))),
            );
        }
    });
    files.file("fetch/api/redirect/redirect-location.js", |file| {
        for status in STATUSES {
            for (location, redirect, expected) in [
                (None, Redirect::Follow, ResponseType::Basic),
                (None, Redirect::Manual, ResponseType::OpaqueRedirect),
                // It leads to itself, again and again.
                (Some("#invalidurl:"), Redirect::Follow, ResponseType::Error),
                (
                    Some("#invalidurl:"),
                    Redirect::Manual,
                    ResponseType::OpaqueRedirect,
                ),
                (
                    Some("data:,data%20url"),
                    Redirect::Follow,
                    ResponseType::Error,
                ),
            ] {
                let status = ("status", status);
                let url = match location {
                    Some(location) => at(LOCAL, &[status, ("location", location)]),
                    None => at(LOCAL, &[status]),
                };
                let outcome = fetch(get(url).redirect(redirect));
                file.check(
                    format!("{status:?} {redirect:?} {location:?}"),
                    outcome.response_type() == expected,
                    &outcome,
                );
            }
        }
    });
    files.file("fetch/api/redirect/redirect-method.any.js", |file| {
        let outcome = fetch(get(at(LOCAL, &[])));
        file.check("not redirected", !outcome.redirected(), &outcome);
        let text = "this is my body";
        for (status, method, next_method, body, content_type) in [
            ("301", "GET", "GET", None, None),
            ("301", "POST", "GET", Some(text), None),
            ("301", "HEAD", "HEAD", None, None),
            ("302", "GET", "GET", None, None),
            ("302", "POST", "GET", Some(text), None),
            ("302", "HEAD", "HEAD", None, None),
            ("303", "GET", "GET", None, None),
            ("303", "POST", "GET", Some(text), None),
            ("303", "HEAD", "HEAD", None, None),
            ("303", "TESTING", "GET", None, None),
            ("307", "GET", "GET", None, None),
            (
                "307",
                "POST",
                "POST",
                Some(text),
                Some("text/plain;charset=UTF-8"),
            ),
            ("307", "POST", "POST", Some("a blob"), None),
            ("307", "HEAD", "HEAD", None, None),
        ] {
            let next = at(LOCAL, &[]);
            let headers = [
                ("content-encoding", "Identity"),
                ("content-language", "en-US"),
                ("content-location", "foo"),
            ];
            let asked = with(
                method,
                at(LOCAL, &[("status", status), ("location", &next)]),
                &headers,
            );
            let asked: Fetch<String> = match body {
                // A blob without a type has none.
                Some("a blob") => asked.body_source(|| "a blob".to_owned()),
                Some(text) => asked.text(text),
                None => asked.without_body(),
            };
            let outcome = fetch(asked);
            let is_kept = next_method == method;
            let holds = outcome.redirected()
                && outcome.response_type() == ResponseType::Basic
                && outcome.actual().unwrap().method() == next_method
                && last(&outcome, "content-type") == content_type
                && headers
                    .iter()
                    .all(|(name, _)| last(&outcome, name).is_some() == is_kept)
                && outcome.response().unwrap().body()
                    == if is_kept {
                        body.unwrap_or_default()
                    } else {
                        ""
                    };
            file.check(format!("{status} {method} {body:?}"), holds, &outcome);
        }
    });
    files.file("fetch/api/redirect/redirect-mode.any.js", |file| {
        for origin in [LOCAL, REMOTE] {
            for status in STATUSES {
                for redirect in [Redirect::Error, Redirect::Manual, Redirect::Follow] {
                    for mode in [Mode::Cors, Mode::NoCors] {
                        let next = at(origin, &[("x", "y")]);
                        let url = at(origin, &[("status", status), ("location", &next)]);
                        let outcome = fetch(get(&url).redirect(redirect).mode(mode));
                        let expected = match (redirect, mode) {
                            (Redirect::Error, _) => ResponseType::Error,
                            (Redirect::Manual, Mode::NoCors) if origin == REMOTE => {
                                ResponseType::Error
                            }
                            (Redirect::Manual, _) => ResponseType::OpaqueRedirect,
                            _ if origin == LOCAL => ResponseType::Basic,
                            (_, Mode::NoCors) => ResponseType::Opaque,
                            _ => ResponseType::Cors,
                        };
                        let is_at = match expected {
                            ResponseType::OpaqueRedirect => outcome.url() == url,
                            ResponseType::Basic | ResponseType::Cors => outcome.url() == next,
                            _ => true,
                        };
                        let holds = outcome.response_type() == expected && is_at;
                        file.check(
                            format!("{origin} {status} {redirect:?} {mode:?}"),
                            holds,
                            &outcome,
                        );
                    }
                }
            }
        }
    });
    files.file("fetch/api/redirect/redirect-origin.any.js", |file| {
        for status in STATUSES {
            for (first, second, origin) in [
                (LOCAL, LOCAL, None),
                (LOCAL, REMOTE, Some(LOCAL)),
                (REMOTE, REMOTE, Some(LOCAL)),
                (REMOTE, LOCAL, Some("null")),
            ] {
                // Its subtests for POST do not set the method, so that they send GET.
                for name in ["GET", "POST"] {
                    let next = at(second, &[]);
                    let outcome = fetch(get(at(first, &[("status", status), ("location", &next)])));
                    let holds = outcome.response().is_some() && last(&outcome, "origin") == origin;
                    file.check(format!("{status} {first} {second} {name}"), holds, &outcome);
                }
            }
        }
    });
    files.file("fetch/api/redirect/redirect-schemes.html", |file| {
        for location in [
            "mailto:a@a.com",
            "data:,HI",
            "facetime:a@a.org",
            "about:blank",
            "about:unicorn",
            "blob:djfksfjs",
        ] {
            file.fails(
                location,
                &fetch(get(at(LOCAL, &[("status", "302"), ("location", location)]))),
            );
        }
    });
    files.file("fetch/api/redirect/redirect-to-dataurl.any.js", |file| {
        let location = ("location", "data:text/plain;base64,cmVzcG9uc2UncyBib2R5");
        for (origin, mode) in [
            (LOCAL, Mode::Cors),
            (LOCAL, Mode::NoCors),
            (LOCAL, Mode::SameOrigin),
            (REMOTE, Mode::Cors),
            (REMOTE, Mode::NoCors),
        ] {
            let outcome = fetch(get(at(origin, &[("status", "302"), location])).mode(mode));
            file.fails(format!("{origin} {mode:?}"), &outcome);
        }
    });
    files.file("fetch/api/redirect/redirect-upload.h2.any.js", |file| {
        for status in STATUSES {
            let next = at(LOCAL, &[("x", "y")]);
            let asked = with(
                "POST",
                at(LOCAL, &[("status", status), ("location", &next)]),
                &[],
            )
            .streaming_body();
            let outcome = fetch(asked);
            let holds = match status {
                "303" => read(&outcome, "x") == Some("y") && outcome.url() == next,
                _ => outcome.blocked().is_some(),
            };
            file.check(status, holds, &outcome);
        }
    });
}
