//! `cors/`

use std::time::Duration;

use tower_cors::testing::{Browser, Credentials, Fetch, Outcome, Profile};

use super::{
    Files, LOCAL, OTHER_PORT, REMOTE, REMOTE_2, REMOTE_OTHER_PORT, REMOTE_TLS, TLS, at, fetch,
    fetch_in, get, last, preflights, read, with,
};

/// Values of `Access-Control-Allow-Origin` that allow the page at `origin`.
fn allowing(origin: &str) -> Vec<String> {
    ["*", " *  ", "\t*"]
        .map(str::to_owned)
        .into_iter()
        .chain(["X", " X", " X   \t ", "\tX"].map(|value| value.replace('X', origin)))
        .collect()
}

/// Values that do not, of all files.
fn denying(origin: &str) -> Vec<String> {
    let (scheme, host) = origin.split_once("//").expect("an origin");
    [
        "//H",
        "://H",
        "ftp://H",
        "http:://H",
        "http:/H",
        "http:H",
        "H",
        "O?",
        "O/",
        "O /",
        "O#",
        "O%23",
        "O:80",
        "O, *",
        "O\0",
        "-",
        "**",
        "\0*",
        "*\0",
        "'*'",
        "\"*\"",
        "* *",
        "*S//*",
        "*O",
        "* O",
        "*, O",
        "\0O",
        "null O",
        "http://example.net",
        "null",
        "",
    ]
    .map(|value| {
        value
            .replace('O', origin)
            .replace('S', scheme)
            .replace('H', host)
    })
    .to_vec()
}

pub(super) fn run(files: &mut Files) {
    files.file("cors/allow-headers.htm", |file| {
        for value in allowing(LOCAL) {
            let outcome = fetch(get(at(REMOTE, &[("origin", &value)])));
            let is_sent = last(&outcome, "origin") == Some(LOCAL);
            file.check(&value, outcome.response().is_some() && is_sent, &outcome);
        }
        let page = format!("{LOCAL}/cors/page");
        let more = [
            "http://www1.web-platform.test:8000",
            &LOCAL.to_uppercase(),
            "HTTP://web-platform.test:8000",
            &page,
            "http://web-platform.test:8000/cors",
            "http://www1.web-platform.test:8000/cors/",
        ];
        for value in denying(LOCAL).iter().map(String::as_str).chain(more) {
            file.fails(value, &fetch(get(at(REMOTE, &[("origin", value)]))));
        }
    });
    files.file("cors/origin.htm", |file| {
        for value in allowing(LOCAL) {
            let outcome = fetch(get(at(REMOTE, &[("origin", &value)])));
            let is_sent = last(&outcome, "origin") == Some(LOCAL);
            file.check(&value, outcome.response().is_some() && is_sent, &outcome);
        }
        let page = format!("{LOCAL}/cors/page");
        let upper = LOCAL.to_uppercase();
        let more = [
            "http://www1.web-platform.test:8000",
            &upper,
            "HTTP://web-platform.test:8000",
            "* null",
            "null *",
            &page,
            "http://web-platform.test:8000/cors",
            "http://www1.web-platform.test:8000/cors/",
            "test:8000",
            ".test:8000",
            "*.test:8000",
            "http://test:8000",
            "http://.test:8000",
            "http://*.test:8000",
        ];
        for value in denying(LOCAL).iter().map(String::as_str).chain(more) {
            file.fails(value, &fetch(get(at(REMOTE, &[("origin", value)]))));
        }
        for [one, other] in [
            ["", "*"],
            ["*", ""],
            ["*", "*"],
            ["", LOCAL],
            ["*", LOCAL],
            [LOCAL, LOCAL],
        ] {
            let outcome = fetch(get(at(REMOTE, &[("origin", one), ("origin", other)])));
            file.fails(format!("{one} and {other}"), &outcome);
        }
    });
    // The page is that of a frame of another origin.
    files.file("cors/remote-origin.htm", |file| {
        let frame = || Browser::at(&format!("{REMOTE}/frame")).embedded_in(LOCAL);
        for value in allowing(REMOTE) {
            let outcome = fetch_in(&mut frame(), get(at(LOCAL, &[("origin", &value)])));
            let is_sent = last(&outcome, "origin") == Some(REMOTE);
            file.check(&value, outcome.response().is_some() && is_sent, &outcome);
        }
        let upper = REMOTE.to_uppercase();
        let more = [
            LOCAL,
            &upper,
            "HTTP://www1.web-platform.test:8000",
            "http://WWW1.WEB-PLATFORM.TEST:8000",
            "http://web-platform.test:8000/cors/page",
            "http://web-platform.test:8000/cors",
            "http://www1.web-platform.test:8000/cors/",
        ];
        for value in denying(REMOTE).iter().map(String::as_str).chain(more) {
            let outcome = fetch_in(&mut frame(), get(at(LOCAL, &[("origin", value)])));
            file.fails(value, &outcome);
        }
    });
    files.file("cors/basic.htm", |file| {
        for origin in [
            LOCAL,
            REMOTE,
            OTHER_PORT,
            REMOTE_OTHER_PORT,
            REMOTE_TLS,
            TLS,
        ] {
            let none = fetch(get(at(origin, &[("origin", "none")])));
            file.passes(format!("{origin}, none"), origin == LOCAL, &none);
            file.reads(format!("{origin}, echo"), &fetch(get(at(origin, &[]))));
        }
    });
    files.file("cors/client-hint-request-headers.htm", |file| {
        let allow = at(REMOTE, &[("access-control-allow-headers", "x-print")]);
        let two = [("x-print", "unicorn"), ("y-print", "unicorn")];
        file.fails("y-print", &fetch(with("GET", &allow, &two)));
        for name in ["device-memory", "dpr", "width", "viewport-width"] {
            file.fails(name, &fetch(with("GET", &allow, &[(name, "")])));
        }
    });
    // Chromium safelists them: `Deviation::SafelistsClientHints`.
    let chromium = || Browser::at(LOCAL).like(Profile::chromium());
    files.file("cors/client-hint-request-headers-2.tentative.htm", |file| {
        let headers = [
            ("x-print", "unicorn"),
            ("content-type", "text/plain"),
            ("accept", "test"),
            ("accept-language", "nn"),
            ("content-language", "nn"),
            ("save-data", "on"),
            ("device-memory", "1.0"),
            ("dpr", "2.0"),
            ("width", "35"),
            ("viewport-width", "42"),
        ];
        let url = at(REMOTE, &[("access-control-allow-headers", "x-print,")]);
        let outcome = fetch_in(&mut chromium(), with("GET", url, &headers));
        let arrive = headers
            .iter()
            .all(|(name, value)| last(&outcome, name) == Some(value));
        file.check(
            "all arrive",
            arrive && outcome.response().is_some(),
            &outcome,
        );
    });
    files.file("cors/simple-requests-ch.tentative.htm", |file| {
        let headers = [
            ("save-data", "on"),
            ("device-memory", "2.0"),
            ("dpr", "3.0"),
            ("width", "1200"),
            ("viewport-width", "1300"),
        ];
        for method in ["GET", "HEAD", "POST"] {
            let outcome = fetch_in(&mut chromium(), with(method, at(REMOTE, &[]), &headers));
            file.check(method, preflights(&outcome) == 0, &outcome);
        }
    });
    files.file("cors/cors-safelisted-request-header.any.js", |file| {
        let long = format!("bytes=1{zeros}-2{zeros}", zeros = "0".repeat(60));
        let longer = "0".repeat(129);
        let values: [(&str, &[(&str, bool)]); 3] = [
            (
                "content-type",
                &[
                    ("text /plain", true),
                    ("text\t/\tplain", true),
                    ("text/plain;", false),
                    ("text/plain;garbage", false),
                    ("text/plain;garbage\u{1}\u{2}", true),
                    ("text/plain,", true),
                    (",text/plain", true),
                    ("text/plain,text/plain", true),
                    ("text/plain,x/x", true),
                    ("text/plain\u{b}", true),
                    ("text/plain\u{c}", true),
                    ("application/www-form-urlencoded", true),
                    ("application/x-www-form-urlencoded;\u{7f}", true),
                    ("multipart/form-data", false),
                    ("multipart/form-data;\"", true),
                ],
            ),
            (
                "range",
                &[
                    ("100-200", true),
                    ("MB=100-200", true),
                    ("bytes=100-200", false),
                    ("bytes =100-200", true),
                    ("bytes\t=100-200", true),
                    ("bytes=  100-200", true),
                    ("bytes=\t\t100-200", true),
                    ("bytes= \t100-200", true),
                    ("bytes=100 -200", true),
                    ("bytes=100\t-200", true),
                    ("bytes=100- 200", true),
                    ("bytes=100-\t200", true),
                    ("bytes=100-200hello", true),
                    ("bytes=abc-def", true),
                    ("bytes=100-200,300-400", true),
                    ("bytes=-200", true),
                    ("bytes=200-", false),
                    ("bytes=200-100", true),
                    // By the standard, a number can be of any size, and the value is shorter than 128 bytes.
                    ("bytes 100-200", true),
                    ("bytes = 100-200", true),
                    (",bytes=100-200", true),
                    ("bytes=,100-200", true),
                ],
            ),
            (
                "last-event-id",
                &[("\"", true), ("e5p3n<3k0k0s", true), (&longer, true)],
            ),
        ];
        for (name, values) in values {
            for (value, needs_permission) in values {
                // A value that `http` cannot hold is of no page that a test can write.
                let Ok(_) = http::HeaderValue::from_str(value) else {
                    continue;
                };
                let outcome = fetch(with("POST", at(REMOTE, &[]), &[(name, value)]).text("data"));
                let holds = preflights(&outcome) == usize::from(*needs_permission)
                    && outcome.response().is_none() == *needs_permission;
                file.check(format!("{name}: {value:?}"), holds, &outcome);
            }
        }
        // All three engines have a limit to the numbers: `Deviation::RangeNumbersHave63Bits` and `RangeNumbersHave64Bits`.
        let outcome = fetch_in(
            &mut chromium(),
            with("POST", at(REMOTE, &[]), &[("range", &long)]),
        );
        file.check(&long, preflights(&outcome) == 1, &outcome);
    });
    files.file("cors/credentials-flag.htm", |file| {
        let cookie = [
            ("access-control-allow-credentials", "true"),
            ("set-cookie", "test=COOKIE; SameSite=Lax"),
        ];
        let asks = |page: &mut Browser, credentials: Credentials| {
            fetch_in(page, get(at(REMOTE, &cookie)).credentials(credentials))
        };
        let has_cookie = |outcome: &Outcome<String>| last(outcome, "cookie").is_some();
        let (include, default) = (Credentials::Include, Credentials::SameOrigin);
        let ways: [(&str, &[(Credentials, bool)]); 3] = [
            (
                "no cookie by default",
                &[(default, false), (default, false)],
            ),
            (
                "no cookie without credentials",
                &[(include, false), (default, false), (include, true)],
            ),
            (
                "no cookie is set without credentials",
                &[(default, false), (include, false), (include, true)],
            ),
        ];
        for (name, steps) in ways {
            let mut page = Browser::at(LOCAL);
            let outcomes: Vec<_> = steps
                .iter()
                .map(|(credentials, _)| asks(&mut page, *credentials))
                .collect();
            let holds = steps
                .iter()
                .zip(&outcomes)
                .all(|((_, expected), outcome)| has_cookie(outcome) == *expected);
            file.check(name, holds, outcomes.last().unwrap());
        }
        for value in ["TRUE", "True", "\"true\"", "false", "1", "0"] {
            let url = at(REMOTE, &[("access-control-allow-credentials", value)]);
            file.fails(value, &fetch(get(url).credentials(include)));
        }
    });
    files.file("cors/preflight-cache.htm", |file| {
        let url = |age: Option<&str>| {
            let allow = ("access-control-allow-headers", "x-print");
            match age {
                Some(age) => at(REMOTE, &[allow, ("access-control-max-age", age)]),
                None => at(REMOTE, &[allow]),
            }
        };
        let asks =
            |page: &mut Browser, age| fetch_in(page, with("GET", url(age), &[("x-print", "1")]));
        let outcome = asks(&mut Browser::at(LOCAL), None);
        file.check("there is a preflight", preflights(&outcome) == 1, &outcome);
        // A Max-Age of -1 is none in all three engines, and 5 s in the standard's text: `Deviation::NegativeMaxAgeIsZero`.
        for (age, expected, profile) in [
            (None, 0, Profile::standard()),
            (Some("0"), 1, Profile::standard()),
            (Some("-1"), 1, Profile::chromium()),
        ] {
            let mut page = Browser::at(LOCAL).like(profile);
            let first = asks(&mut page, age);
            let second = asks(&mut page, age);
            let holds = preflights(&first) == 1 && preflights(&second) == expected;
            file.check(format!("Max-Age {age:?}"), holds, &second);
        }
        let mut page = Browser::at(LOCAL);
        let first = preflights(&asks(&mut page, Some("1")));
        let second = preflights(&asks(&mut page, Some("1")));
        page.advance(Duration::from_millis(1500));
        let third = asks(&mut page, Some("1"));
        let holds = [first, second, preflights(&third)] == [1, 0, 1];
        file.check("it ends", holds, &third);
    });
    files.file("cors/preflight-failure.htm", |file| {
        let statuses = [200, 299]
            .into_iter()
            .chain(300..=308)
            .chain(400..=417)
            .chain(500..=505)
            .chain([680, 790]);
        for status in statuses {
            let text = status.to_string();
            let url = at(
                REMOTE,
                &[
                    ("access-control-allow-headers", "x-test"),
                    ("preflight", &text),
                ],
            );
            let outcome = fetch(with("GET", url, &[("x-test", "test")]));
            file.passes(status, status < 300, &outcome);
        }
    });
    files.file("cors/redirect-preflight.htm", |file| {
        for status in ["301", "302", "303", "307", "308"] {
            let allow = ("access-control-allow-headers", "x-test");
            let next = at(REMOTE, &[allow]);
            let url = at(
                REMOTE,
                &[
                    allow,
                    ("status", status),
                    ("location", &next),
                    ("preflight", "200"),
                ],
            );
            let outcome = fetch(with("GET", url, &[("x-test", "test")]));
            file.reads(status, &outcome);
        }
    });
    files.file("cors/redirect-preflight-2.htm", |file| {
        for (allow, expected) in [("x-other", false), ("custom-header", true)] {
            let next = at(
                REMOTE,
                &[("origin", "*"), ("access-control-allow-headers", allow)],
            );
            let url = at(LOCAL, &[("status", "302"), ("location", &next)]);
            let outcome = fetch(with("GET", url, &[("custom-header", "admin")]));
            let holds = preflights(&outcome) == 1 && outcome.response().is_some() == expected;
            file.check(allow, holds, &outcome);
        }
    });
    files.file("cors/redirect-userinfo.htm", |file| {
        for (user, expected) in [
            ("user:pass@", false),
            ("user:@", false),
            ("user@", false),
            (":@", true),
            (":pass@", false),
            ("@", true),
        ] {
            let next = at(REMOTE, &[]).replacen("://", &format!("://{user}"), 1);
            let outcome = fetch(get(at(REMOTE, &[("status", "302"), ("location", &next)])));
            // `:@` is an empty user name and an empty password: none, to the URL standard.
            file.passes(user, expected, &outcome);
        }
    });
    files.file("cors/redirect-origin.htm", |file| {
        let same = LOCAL;
        let ways = [
            (LOCAL, REMOTE, Some(same)),
            (REMOTE, LOCAL, Some("null")),
            (REMOTE, REMOTE, Some(same)),
            (REMOTE, REMOTE_2, Some("null")),
        ];
        for (first, second, origin) in ways {
            let allowed = origin.unwrap();
            let mut cases = Vec::new();
            for one in ["*", same] {
                for other in ["*", same, "null", "none"] {
                    cases.push((one, other, other == "*" || other == allowed));
                }
            }
            // What the first says matters if it is of another origin.
            for one in ["null", "none"] {
                cases.push((one, "*", first == LOCAL));
            }
            for (one, other, expected) in cases {
                let next = at(second, &[("origin", other)]);
                let url = at(
                    first,
                    &[("origin", one), ("status", "302"), ("location", &next)],
                );
                let outcome = fetch(get(url));
                let is_sent = last(&outcome, "origin") == origin;
                let holds = outcome.response().is_some() == expected && (is_sent || !expected);
                file.check(
                    format!("{first} ({one}) to {second} ({other})"),
                    holds,
                    &outcome,
                );
            }
        }
        for (one, second, other) in [
            ("*", REMOTE, REMOTE),
            ("*", REMOTE_2, REMOTE),
            (REMOTE, REMOTE, "*"),
        ] {
            let next = at(second, &[("origin", other)]);
            let url = at(
                REMOTE,
                &[("origin", one), ("status", "302"), ("location", &next)],
            );
            file.fails(format!("({one}) to {second} ({other})"), &fetch(get(url)));
        }
    });
    files.file("cors/request-headers.htm", |file| {
        let asks = |allow: &str, headers: &[(&str, &str)]| {
            fetch(with(
                "GET",
                at(REMOTE, &[("access-control-allow-headers", allow)]),
                headers,
            ))
        };
        let outcome = asks("x-print", &[("x-print", "unicorn")]);
        file.check(
            "one",
            outcome.response().is_some() && last(&outcome, "x-print") == Some("unicorn"),
            &outcome,
        );
        let headers = [
            ("x-print", "unicorn"),
            ("content-type", "text/plain"),
            ("accept", "test"),
            ("accept-language", "nn"),
            ("content-language", "nn"),
        ];
        let outcome = asks("x-print,", &headers);
        let arrive = headers
            .iter()
            .all(|(name, value)| last(&outcome, name) == Some(value));
        file.check(
            "safelisted",
            arrive && outcome.response().is_some(),
            &outcome,
        );
        let outcome = asks("x-print", &[("x-print", "unicorn"), ("y-print", "unicorn")]);
        file.fails("not listed", &outcome);
        let outcome = asks(
            ",y-lol,x-PriNT, ,,,Y-PRINT",
            &[("x-print", "unicorn"), ("y-print", "narwhal")],
        );
        file.reads("a strange list", &outcome);
    });
    files.file("cors/response-headers.htm", |file| {
        let said = [
            ("origin", "*"),
            ("access-control-expose-headers", "X-Custom-Header, X-Custom-Header-Empty, X-Custom-Header-Comma, X-Custom-Header-Bytes"),
            ("access-control-expose-headers", "X-Second-Expose"),
            ("access-control-expose-headers", "Date"),
            ("content-type", "text/plain"),
            ("x-custom-header", "test"),
            ("set-cookie", "test1=t1;max-age=2"),
            ("set-cookie2", "test2=t2;Max-Age=2"),
            ("x-custom-header-empty", ""),
            ("x-custom-header-comma", "1"),
            ("x-custom-header-comma", "2"),
            ("x-custom-header-bytes", "…"),
            ("x-nonexposed", "unicorn"),
            ("x-second-expose", "flyingpig"),
            ("cache-control", "no-cache"),
            ("content-language", "nn"),
            ("expires", "Thu, 01 Dec 1994 16:00:00 GMT"),
            ("last-modified", "Thu, 01 Dec 1994 10:00:00 GMT"),
            ("pragma", "no-cache"),
            ("date", "Wed, 22 Oct 2013 10:00:00 GMT"),
            ("server", "a server"),
            ("x-powered-by", "a language"),
        ];
        let outcome = fetch(get(at(REMOTE, &said)));
        let headers = outcome.response().expect("it is allowed").headers();
        let values = |name: &str| headers.get_all(name).iter().map(|value| value.as_bytes().to_vec()).collect::<Vec<_>>();
        let commas = values("x-custom-header-comma") == [b"1".to_vec(), b"2".to_vec()];
        file.check("several lines", commas, &outcome);
        file.check("a second list", read(&outcome, "x-second-expose") == Some("flyingpig"), &outcome);
        file.check("bytes", values("x-custom-header-bytes") == ["…".as_bytes().to_vec()], &outcome);
        file.check("date", read(&outcome, "date").is_some(), &outcome);
        for name in ["cache-control", "content-language", "expires", "last-modified", "pragma"] {
            file.check(name, read(&outcome, name).is_some(), &outcome);
        }
        for name in ["server", "x-powered-by"] {
            file.check(name, read(&outcome, name).is_none(), &outcome);
        }
        let hidden = ["set-cookie", "set-cookie2", "x-non-existent-header", "x-nonexposed"];
        let holds = read(&outcome, "x-custom-header") == Some("test")
            && read(&outcome, "x-custom-header-empty") == Some("")
            && hidden.iter().all(|name| read(&outcome, name).is_none());
        file.check("all", holds, &outcome);
        let holds = read(&outcome, "x-custom-header") == Some("test") && read(&outcome, "x-nonexposed").is_none();
        file.check("one", holds, &outcome);
        file.check("a list", !headers.contains_key("x-nonexposed"), &outcome);
    });
    files.file("cors/simple-requests.htm", |file| {
        let mut check = |method: &str, headers: &[(&str, &str)]| {
            let asked = with(
                method,
                at(REMOTE, &[("content-type", "text/plain")]),
                headers,
            );
            let asked: Fetch<String> = match method.to_ascii_uppercase().as_str() {
                "POST" => asked.text("data"),
                _ => asked,
            };
            let outcome = fetch(asked);
            let holds =
                preflights(&outcome) == 0 && read(&outcome, "content-type") == Some("text/plain");
            file.check(format!("{method} {headers:?}"), holds, &outcome);
        };
        let headers: [&[(&str, &str)]; 7] = [
            &[("accept", "test")],
            &[("accept-language", "test")],
            &[("content-language", "test")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "multipart/form-data")],
            &[("content-type", "text/plain")],
            &[
                ("accept", "test"),
                ("accept-language", "test"),
                ("content-language", "test"),
                ("content-type", "text/plain; parameter=whatever"),
            ],
        ];
        for headers in headers {
            for method in ["GET", "HEAD", "POST"] {
                check(method, headers);
            }
        }
        check(
            "Get",
            &[("content-type", "text/plain; parameter=extra_bonus")],
        );
        check("post", &[("content-type", "text/plain")]);
    });
    files.file("cors/status.htm", |file| {
        let none = ("origin", "none");
        let allow = ("access-control-allow-headers", "x-custom");
        let cases: [(&[(&str, &str)], bool, Option<u16>); 5] = [
            (&[none, ("status", "400")], false, None),
            (&[none, ("preflight", "200")], true, None),
            (&[allow, ("status", "400")], false, Some(400)),
            (
                &[allow, ("preflight", "200"), ("status", "400")],
                true,
                Some(400),
            ),
            (&[allow, ("preflight", "400")], true, None),
        ];
        for (asked, is_preflighted, status) in cases {
            let headers: &[(&str, &str)] = if is_preflighted {
                &[("x-custom", "preflight")]
            } else {
                &[]
            };
            let outcome = fetch(with("GET", at(REMOTE, asked), headers));
            let seen = outcome
                .response()
                .map(|response| response.status().as_u16());
            file.check(format!("{asked:?}"), seen == status, &outcome);
        }
    });
    let methods = (
        "access-control-allow-methods",
        "GET, CHICKEN, HEAD, POST, PUT",
    );
    files.file("cors/status-async.htm", |file| {
        let readable = [
            ("GET", 200),
            ("GET", 201),
            ("GET", 202),
            ("GET", 203),
            ("GET", 204),
            ("GET", 205),
            ("GET", 206),
            ("GET", 209),
            ("GET", 299),
            ("POST", 200),
            ("HEAD", 200),
            ("PUT", 200),
            ("CHICKEN", 200),
            // What is an error of the service is none of the network.
            ("GET", 400),
            ("HEAD", 401),
            ("POST", 404),
            ("POST", 500),
        ];
        for (method, status) in readable {
            let text = status.to_string();
            let outcome = fetch(with(method, at(REMOTE, &[methods, ("status", &text)]), &[]));
            let seen = outcome
                .response()
                .map(|response| response.status().as_u16());
            file.check(format!("{method} {status}"), seen == Some(status), &outcome);
        }
        for (method, status, headers) in [
            ("PUT", "699", &[][..]),
            ("CHICKEN", "501", &[]),
            ("GET", "400", &[("x-nonsimple", "true")]),
            ("HEAD", "401", &[("x-nonsimple", "true")]),
            ("POST", "404", &[("x-nonsimple", "true")]),
            ("PUT", "699", &[("x-nonsimple", "true")]),
            ("CHICKEN", "501", &[("x-nonsimple", "true")]),
        ] {
            let allow = ("access-control-allow-headers", "x-nonsimple");
            let url = at(
                REMOTE,
                &[methods, allow, ("status", status), ("preflight", status)],
            );
            file.fails(
                format!("{method} {status} {headers:?}"),
                &fetch(with(method, url, headers)),
            );
        }
    });
    files.file("cors/status-preflight.htm", |file| {
        for (method, status) in [
            ("GET", 200),
            ("GET", 204),
            ("GET", 400),
            ("GET", 401),
            ("HEAD", 200),
            ("HEAD", 204),
            ("HEAD", 400),
            ("HEAD", 401),
            ("HEAD", 501),
            ("HEAD", 699),
            ("POST", 204),
            ("POST", 400),
            ("POST", 401),
            ("POST", 404),
            ("PUT", 699),
            ("CHICKEN", 501),
        ] {
            let text = status.to_string();
            let allow = ("access-control-allow-headers", "x-nonsimple");
            let url = at(
                REMOTE,
                &[methods, allow, ("status", &text), ("preflight", "200")],
            );
            let outcome = fetch(with(method, url, &[("x-nonsimple", "true")]));
            let seen = outcome
                .response()
                .map(|response| response.status().as_u16());
            file.check(format!("{method} {status}"), seen == Some(status), &outcome);
        }
    });
}
