//! `fetch/api/cors/`

use tower_cors::testing::{Browser, Credentials, Fetch, Mode, Profile, ResponseType};

use super::{
    Files, LOCAL, OTHER_PORT, REMOTE, REMOTE_OTHER_PORT, REMOTE_TLS, TLS, at, fetch, fetch_in, get,
    last, preflights, read, sent, with,
};

const STATUSES: [&str; 5] = ["301", "302", "303", "307", "308"];

pub(super) fn run(files: &mut Files) {
    let others = [OTHER_PORT, TLS, REMOTE, REMOTE_OTHER_PORT, REMOTE_TLS];
    files.file("fetch/api/cors/cors-basic.any.js", |file| {
        for origin in others {
            let outcome = fetch(get(at(origin, &[("origin", "*")])).mode(Mode::NoCors));
            file.check(
                format!("{origin} no-cors"),
                outcome.response_type() == ResponseType::Opaque,
                &outcome,
            );
            file.fails(
                format!("{origin} denied"),
                &fetch(get(at(origin, &[("origin", "none")]))),
            );
            let outcome = fetch(get(at(origin, &[("origin", "*")])));
            file.check(
                format!("{origin} cors"),
                outcome.response_type() == ResponseType::Cors,
                &outcome,
            );
        }
    });
    files.file("fetch/api/cors/cors-cookies.any.js", |file| {
        let other = "http://www.web-platform.test:8000";
        for (name, set, check, credentials, expected) in [
            ("omit", LOCAL, LOCAL, Credentials::Omit, None),
            ("include", REMOTE, REMOTE, Credentials::Include, Some("a=1")),
            ("include, local", LOCAL, REMOTE, Credentials::Include, None),
            ("include, remote", REMOTE, LOCAL, Credentials::Include, None),
            ("same-origin", REMOTE, REMOTE, Credentials::SameOrigin, None),
            ("include, other", REMOTE, other, Credentials::Include, None),
        ] {
            let allow = ("access-control-allow-credentials", "true");
            let mut page = Browser::at(LOCAL);
            fetch_in(
                &mut page,
                get(at(set, &[allow, ("set-cookie", "a=1")])).credentials(credentials),
            );
            let outcome = fetch_in(&mut page, get(at(check, &[allow])).credentials(credentials));
            file.check(
                name,
                last(&outcome, "cookie") == expected && outcome.response().is_some(),
                &outcome,
            );
        }
    });
    files.file("fetch/api/cors/cors-cookies-redirect.any.js", |file| {
        let allow = ("access-control-allow-credentials", "true");
        let headers = ("access-control-allow-headers", "a");
        let mut page = Browser::at(LOCAL);
        let include = |page: &mut Browser, fetch: Fetch<String>| {
            fetch_in(page, fetch.credentials(Credentials::Include))
        };
        include(&mut page, get(at(REMOTE, &[allow, ("set-cookie", "a=1")])));
        let outcome = include(
            &mut page,
            get(at(OTHER_PORT, &[allow, ("set-cookie", "a=2")])),
        );
        file.check("set", page.cookies().count() == 2, &outcome);
        for set in [&[][..], &[("a", "b")]] {
            let next = at(OTHER_PORT, &[allow, headers]);
            let url = at(
                REMOTE,
                &[
                    allow,
                    headers,
                    ("status", "301"),
                    ("location", &next),
                    ("preflight", "200"),
                ],
            );
            let outcome = include(&mut page, with("GET", url, set));
            file.check(
                format!("{set:?}"),
                last(&outcome, "cookie") == Some("a=2"),
                &outcome,
            );
        }
        include(
            &mut page,
            get(at(REMOTE, &[allow, ("set-cookie", "a=1; max-age=0")])),
        );
        let outcome = include(
            &mut page,
            get(at(OTHER_PORT, &[allow, ("set-cookie", "a=2; max-age=0")])),
        );
        file.check("clean", page.cookies().count() == 0, &outcome);
    });
    files.file("fetch/api/cors/cors-expose-star.js", |file| {
        let shared = [
            ("access-control-expose-headers", "*"),
            ("test", "X"),
            ("set-cookie", "X"),
            ("*", "whoa"),
            ("content-type", "text/plain"),
        ];
        let outcome = fetch(get(at(
            OTHER_PORT,
            &[&shared[..], &[("origin", "*")]].concat(),
        )));
        let holds = read(&outcome, "test") == Some("X")
            && read(&outcome, "set-cookie").is_none()
            && read(&outcome, "*") == Some("whoa");
        file.check("any", holds, &outcome);
        let url = at(
            OTHER_PORT,
            &[&shared[..], &[("access-control-allow-credentials", "true")]].concat(),
        );
        let outcome = fetch(get(url).credentials(Credentials::Include));
        let holds = read(&outcome, "content-type") == Some("text/plain")
            && read(&outcome, "test").is_none()
            && read(&outcome, "set-cookie").is_none()
            && read(&outcome, "*") == Some("whoa");
        file.check("a name", holds, &outcome);
        let two = [
            ("access-control-expose-headers", "*"),
            ("access-control-expose-headers", "set-cookie"),
            ("test", "X"),
            ("set-cookie", "X"),
        ];
        let outcome = fetch(get(at(OTHER_PORT, &two)));
        file.check(
            "one of two",
            read(&outcome, "test") == Some("X") && read(&outcome, "set-cookie").is_none(),
            &outcome,
        );
    });
    files.file("fetch/api/cors/cors-filtering.js", |file| {
        for (name, value, is_filtered) in [
            ("cache-control", "no-cache", false),
            ("content-language", "fr", false),
            ("content-type", "text/html", false),
            ("expires", "04 May 1988 22:22:22 GMT", false),
            ("last-modified", "04 May 1988 22:22:22 GMT", false),
            ("pragma", "no-cache", false),
            ("age", "27", true),
            ("server", "wptServe", true),
            ("warning", "Mind the gap", true),
            ("set-cookie", "name=value", true),
            ("set-cookie2", "name=value", true),
        ] {
            let outcome = fetch(get(at(REMOTE_OTHER_PORT, &[(name, value)])));
            let expected = (!is_filtered).then_some(value);
            file.check(
                name,
                outcome.response().is_some() && read(&outcome, name) == expected,
                &outcome,
            );
        }
        for (name, value, is_forbidden) in [
            ("age", "27", false),
            ("server", "wptServe", false),
            ("warning", "Mind the gap", false),
            ("content-length", "0", false),
            ("set-cookie", "name=value", true),
            ("set-cookie2", "name=value", true),
        ] {
            let outcome = fetch(get(at(
                REMOTE_OTHER_PORT,
                &[(name, value), ("access-control-expose-headers", name)],
            )));
            let expected = (!is_forbidden).then_some(value);
            file.check(
                format!("{name}, exposed"),
                outcome.response().is_some() && read(&outcome, name) == expected,
                &outcome,
            );
        }
    });
    files.file("fetch/api/cors/cors-multiple-origins.js", |file| {
        let list = ", http://example.com, https://example2.com";
        file.fails("three others", &fetch(get(at(REMOTE, &[("origin", list)]))));
    });
    files.file("fetch/api/cors/cors-no-preflight.any.js", |file| {
        let cases: [(&str, &str, &[(&str, &str)]); 15] = [
            (REMOTE, "GET", &[]),
            (OTHER_PORT, "GET", &[]),
            (REMOTE_OTHER_PORT, "GET", &[]),
            (REMOTE_TLS, "GET", &[]),
            (TLS, "GET", &[]),
            (REMOTE, "POST", &[]),
            (REMOTE, "HEAD", &[]),
            (REMOTE, "GET", &[("accept", "*/*")]),
            (REMOTE, "GET", &[("accept-language", "fr")]),
            (REMOTE, "GET", &[("content-language", "fr")]),
            (
                REMOTE,
                "GET",
                &[("content-type", "application/x-www-form-urlencoded")],
            ),
            (REMOTE, "GET", &[("content-type", "multipart/form-data")]),
            (REMOTE, "GET", &[("content-type", "text/plain")]),
            (
                REMOTE,
                "GET",
                &[("content-type", "text/plain;charset=utf-8")],
            ),
            (
                REMOTE,
                "GET",
                &[("content-type", "Text/Plain;charset=utf-8")],
            ),
        ];
        for (origin, method, headers) in cases {
            let outcome = fetch(with(method, at(origin, &[]), headers));
            file.check(
                format!("{origin} {method} {headers:?}"),
                preflights(&outcome) == 0 && outcome.response().is_some(),
                &outcome,
            );
        }
    });
    files.file("fetch/api/cors/cors-origin.any.js", |file| {
        let gets =
            [REMOTE, OTHER_PORT, REMOTE_OTHER_PORT, REMOTE_TLS, TLS].map(|origin| (origin, "GET"));
        let more = ["POST", "HEAD", "PUT"].map(|method| (REMOTE, method));
        for (origin, method) in gets.into_iter().chain(more) {
            let methods = ("access-control-allow-methods", method);
            for (said, expected) in [(LOCAL, true), (origin, false)] {
                let outcome = fetch(with(method, at(origin, &[methods, ("origin", said)]), &[]));
                file.passes(format!("{origin} {method} {said}"), expected, &outcome);
            }
        }
        file.fails("nothing", &fetch(get(at(REMOTE, &[("origin", "")]))));
    });
    files.file("fetch/api/cors/cors-preflight-cache.any.js", |file| {
        let allow = [
            ("access-control-max-age", "12000"),
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "x-test-header"),
        ];
        let mut page = Browser::at(LOCAL);
        let first = fetch_in(
            &mut page,
            with("POST", at(REMOTE, &allow), &[("x-test-header", "test1")]),
        );
        let second = fetch_in(
            &mut page,
            with("POST", at(REMOTE, &allow), &[("x-test-header", "test2")]),
        );
        let holds =
            [preflights(&first), preflights(&second)] == [1, 0] && second.response().is_some();
        file.check("twice", holds, &second);
    });
    files.file(
        "fetch/api/cors/cors-preflight-not-cors-safelisted.any.js",
        |file| {
            let longer = "0".repeat(129);
            let long = format!("text/plain; long={}", "0".repeat(116));
            for (name, value) in [
                ("accept", "\""),
                ("accept", &longer),
                ("accept-language", "@"),
                ("authorization", "basics"),
                ("content-language", "@"),
                ("content-type", "text/html"),
                ("content-type", &long),
                ("last-event-id", "\""),
                ("last-event-id", &longer),
                ("range", "bytes 0-"),
                ("test", "hi"),
            ] {
                let outcome = fetch(with(
                    "GET",
                    at(REMOTE, &[("access-control-allow-headers", name)]),
                    &[(name, value)],
                ));
                let holds = preflights(&outcome) == 1
                    && outcome.response().is_some()
                    && sent(&outcome.exchanges()[0], "access-control-request-headers")
                        == Some(name);
                file.check(format!("{name}: {value}"), holds, &outcome);
            }
        },
    );
    files.file("fetch/api/cors/cors-preflight-redirect.any.js", |file| {
        let allow = ("access-control-allow-headers", "x-force-preflight");
        for status in STATUSES {
            let next = at(REMOTE, &[]);
            let url = at(REMOTE, &[allow, ("preflight", status), ("location", &next)]);
            file.fails(
                format!("{status} on a preflight"),
                &fetch(with("GET", url, &[("x-force-preflight", "")])),
            );
            // The second URL allows nothing.
            let url = at(REMOTE, &[allow, ("status", status), ("location", &next)]);
            file.fails(
                format!("{status} after a preflight"),
                &fetch(with("GET", url, &[("x-force-preflight", "")])),
            );
        }
    });
    files.file(
        "fetch/api/cors/cors-preflight-response-validation.any.js",
        |file| {
            let allow = ("access-control-allow-headers", "x-force-preflight");
            for (name, value) in [
                ("access-control-allow-headers", "header name with space"),
                ("access-control-allow-methods", "Bad method name"),
            ] {
                let outcome = fetch(with(
                    "GET",
                    at(REMOTE, &[allow, (name, value)]),
                    &[("x-force-preflight", "")],
                ));
                file.check(
                    name,
                    outcome.blocked().is_some()
                        && preflights(&outcome) == 1
                        && outcome.actual().is_none(),
                    &outcome,
                );
            }
        },
    );
    files.file("fetch/api/cors/cors-preflight-star.any.js", |file| {
        let x_test: &[(&str, &str)] = &[("x-test", "1")];
        for (expected, with_credentials, methods, allow, method, headers) in [
            (true, false, "get", "x-test", "GET", x_test),
            (true, false, "*", "x-test", "SUPER", x_test),
            (true, false, "*", "*", "OK", x_test),
            (false, true, "*", "*", "OK", x_test),
            (false, true, "*", "", "PUT", &[]),
            (true, true, "PUT", "*", "PUT", &[]),
            (false, true, "get", "*", "GET", x_test),
            (false, true, "*", "*", "GET", x_test),
            (true, true, "*", "*", "*", &[("*", "1")]),
            (false, true, "put", "*", "PUT", &[]),
        ] {
            let url = at(
                REMOTE,
                &[
                    ("access-control-allow-methods", methods),
                    ("access-control-allow-headers", allow),
                    ("access-control-allow-credentials", "true"),
                ],
            );
            let asked = with(method, url, headers);
            let asked = if with_credentials {
                asked.credentials(Credentials::Include)
            } else {
                asked
            };
            file.passes(
                format!("{with_credentials} {methods} {allow} {method}"),
                expected,
                &fetch(asked),
            );
        }
    });
    files.file("fetch/api/cors/cors-preflight-status.any.js", |file| {
        for status in (200..=206)
            .chain(300..=308)
            .chain(400..=405)
            .chain(501..=505)
        {
            let text = status.to_string();
            let url = at(
                REMOTE,
                &[
                    ("access-control-allow-headers", "x-force-preflight"),
                    ("preflight", &text),
                ],
            );
            file.passes(
                status,
                status < 300,
                &fetch(with("GET", url, &[("x-force-preflight", "")])),
            );
        }
    });
    files.file("fetch/api/cors/cors-preflight.any.js", |file| {
        let several = [
            ("x-test-header1", "allowedOrRefused"),
            ("x-test-header2", "allowedOrRefused"),
            ("X-test-header3", "allowedOrRefused"),
            ("x-test-header-b", "allowedOrRefused"),
            ("x-test-header-D", "allowedOrRefused"),
            ("x-test-header-C", "allowedOrRefused"),
            ("x-test-header-a", "allowedOrRefused"),
            ("Content-Type", "allowedOrRefused"),
        ];
        let safe = [
            ("Accept", "*"),
            ("Accept-Language", "bzh"),
            ("Content-Language", "eu"),
        ];
        let mut check = |method: &str,
                         expected: bool,
                         headers: &[(&str, &str)],
                         safe: &[(&str, &str)],
                         name: &str| {
            let mut names: Vec<String> = headers
                .iter()
                .map(|(name, _)| name.to_lowercase())
                .collect();
            let allow = names.join(" ,");
            let allowed = [
                ("access-control-allow-methods", method),
                ("access-control-allow-headers", allow.as_str()),
            ];
            let url = at(REMOTE, if expected { &allowed } else { &[] });
            let outcome = fetch(with(method, url, &[headers, safe].concat()));
            names.sort();
            let asked = sent(&outcome.exchanges()[0], "access-control-request-headers");
            let holds = preflights(&outcome) == 1
                && outcome.response().is_some() == expected
                && asked.unwrap_or_default() == names.join(",")
                && sent(&outcome.exchanges()[0], "user-agent").is_some();
            file.check(format!("{method} {name} {expected}"), holds, &outcome);
        };
        for method in ["DELETE", "PUT", "PATCH", "NEW"] {
            check(method, true, &[], &[], "");
            check(method, false, &[], &[], "");
        }
        check("PUT", true, &[], &[], "with a user agent");
        check("GET", true, &[("x-test-header1", "allowed")], &[], "one");
        check("GET", false, &[("x-test-header1", "refused")], &[], "one");
        for method in ["GET", "PUT"] {
            check(method, true, &several, &safe, "several");
            check(method, false, &several, &safe, "several");
        }
        check("PUT", true, &[], &safe, "safe");
    });
    files.file("fetch/api/cors/cors-redirect-credentials.any.js", |file| {
        let ways = [
            (LOCAL, OTHER_PORT),
            (OTHER_PORT, LOCAL),
            (OTHER_PORT, OTHER_PORT),
            (OTHER_PORT, REMOTE),
        ];
        for status in STATUSES {
            for (first, second) in ways {
                for user in ["", "user:password", "user:", ":password"] {
                    if user.is_empty() && first != LOCAL {
                        continue;
                    }
                    let next = at(second, &[]).replacen("://", &format!("://{user}@"), 1);
                    let outcome = fetch(get(at(first, &[("status", status), ("location", &next)])));
                    file.passes(
                        format!("{status} {first} {second} {user}"),
                        user.is_empty(),
                        &outcome,
                    );
                }
            }
        }
    });
    let ways = [(LOCAL, REMOTE), (REMOTE, LOCAL), (REMOTE, OTHER_PORT)];
    files.file("fetch/api/cors/cors-redirect-preflight.any.js", |file| {
        let allow = ("access-control-allow-headers", "x-w3c");
        for status in STATUSES {
            for (first, second) in ways {
                let (yes, no) = (at(second, &[allow]), at(second, &[]));
                let success = at(first, &[allow, ("status", status), ("location", &yes)]);
                let outcome = fetch(with("GET", success, &[("x-w3c", "test")]));
                let reached = outcome
                    .exchanges()
                    .iter()
                    .rev()
                    .take(2)
                    .filter(|one| one.is_preflight())
                    .count()
                    == 1;
                file.check(
                    format!("{status} {first} {second}"),
                    outcome.response().is_some() && reached,
                    &outcome,
                );
                let failure = at(first, &[("status", status), ("location", &no)]);
                file.fails(
                    format!("{status} {first} {second}, denied"),
                    &fetch(with("GET", failure, &[("x-w3c", "test")])),
                );
            }
        }
    });
    files.file("fetch/api/cors/cors-redirect.any.js", |file| {
        for status in STATUSES {
            for (first, second, origin) in [
                (REMOTE, REMOTE, LOCAL),
                (REMOTE, OTHER_PORT, "null"),
                (LOCAL, REMOTE, LOCAL),
                (REMOTE, LOCAL, "null"),
            ] {
                let next = at(second, &[]);
                let outcome = fetch(get(at(first, &[("status", status), ("location", &next)])));
                let holds = outcome.response().is_some()
                    && preflights(&outcome) == 0
                    && last(&outcome, "origin") == Some(origin);
                file.check(format!("{status} {first} {second}"), holds, &outcome);
            }
        }
    });
    let data: [(&str, fn() -> Browser); 3] = [
        ("fetch/api/cors/data-url-iframe.html", || {
            Browser::at("data:text/html,x").embedded_in(LOCAL)
        }),
        ("fetch/api/cors/data-url-worker.html", || {
            Browser::at(LOCAL).in_worker("data:text/javascript,x")
        }),
        ("fetch/api/cors/data-url-shared-worker.html", || {
            Browser::at(LOCAL).in_worker("data:text/javascript,y")
        }),
    ];
    for (name, page) in data {
        files.file(name, |file| {
            file.fails(
                "denied",
                &fetch_in(&mut page(), get(at(LOCAL, &[("origin", "none")]))),
            );
            file.reads(
                "null",
                &fetch_in(&mut page(), get(at(LOCAL, &[("origin", "null")]))),
            );
            for url in ["data:text/plain, top", "data:text/plain, top?origin=null"] {
                let outcome = fetch_in(&mut page(), get(url));
                file.check(url, outcome.data().is_some(), &outcome);
            }
        });
    }
    // What it does by the standard, engines do too.
    for profile in [Profile::chromium(), Profile::firefox(), Profile::webkit()] {
        let list = format!("http://example.com, {LOCAL}");
        let mut page = Browser::at(LOCAL).like(profile);
        let outcome = fetch_in(&mut page, get(at(REMOTE, &[("origin", &list)])));
        assert!(outcome.blocked().is_some(), "{outcome}");
    }
}
