//! Where engines were seen to differ from the standard: each deviation changes what it names.

use std::time::Duration;

use tower_cors::testing::Deviation::{self, *};
use tower_cors::testing::{Blocked, Browser, Credentials, Fetch, Profile};

use crate::support::{
    PAGE, fetch, including, is_preflight, preflight, preflights, request, request_to, response,
    sent,
};

const ORIGIN: (&str, &str) = ("access-control-allow-origin", PAGE);
const CREDENTIALS: (&str, &str) = ("access-control-allow-credentials", "true");
const MINUTE: (&str, &str) = ("access-control-max-age", "60");

fn engines() -> [(&'static str, Profile); 3] {
    [
        ("Chromium", Profile::chromium()),
        ("Firefox", Profile::firefox()),
        ("WebKit", Profile::webkit()),
    ]
}

/// A browser of the standard, and one that deviates from it.
fn both(deviation: Deviation) -> [Browser; 2] {
    let standard = Browser::at(PAGE);
    [
        standard.clone(),
        standard.like(Profile::standard().with(deviation)),
    ]
}

/// How often two requests are preflighted by a service that says this.
fn asks(
    page: &mut Browser,
    lines: &[(&str, &str)],
    asked: [&dyn Fn() -> tower_cors::testing::Fetch<String>; 2],
) -> usize {
    let lines = [&[ORIGIN, CREDENTIALS], lines].concat();
    asked
        .iter()
        .map(|asked| preflights(&fetch(page, |_| response(200, &lines), asked())))
        .sum()
}

#[test]
fn a_wildcard_covers_authorization() {
    let any = [ORIGIN, ("access-control-allow-headers", "*"), MINUTE];
    let asked = || request("GET", &[("authorization", "x")]);
    let [mut standard, mut deviating] = both(WildcardCoversAuthorization);
    fetch(&mut standard, |_| response(200, &any), asked())
        .assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
    fetch(&mut deviating, |_| response(200, &any), asked()).assert_readable();
    assert_eq!(
        preflights(&fetch(&mut deviating, |_| response(200, &any), asked())),
        0,
        "remembered as well"
    );
    // With credentials it is a name to all.
    let any = [&any[..], &[CREDENTIALS]].concat();
    fetch(
        &mut deviating.clone().like(Profile::chromium()),
        |_| response(200, &any),
        including(asked()),
    )
    .assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
}

#[test]
fn client_hints_are_safelisted() {
    let [mut standard, mut deviating] = both(SafelistsClientHints);
    for (name, value, is_hint) in [
        ("dpr", "1.5", true),
        ("Width", "100", true),
        ("viewport-width", "100", true),
        ("device-memory", "8", true),
        ("rtt", "50", true),
        ("downlink", "1.7", true),
        ("save-data", "on", true),
        ("dpr", "x", false),
        ("dpr", "007", true),
        ("dpr", "1.", false),
        ("dpr", ".5", false),
        ("dpr", "1.5.5", false),
        ("dpr", "1e5", false),
        ("dpr", "+1", false),
        ("dpr", "inf", false),
        ("width", "1.5", false),
        ("rtt", "1.5", false),
        ("viewport-width", "1.5", false),
        ("ect", "slow-2g", true),
        ("ect", "5g", false),
        ("save-data", "off", false),
        ("sec-ch-ua", "x", true),
        ("x-a", "1", false),
    ] {
        let asked = || request("GET", &[(name, value)]);
        let standard = preflights(&fetch(&mut standard, |_| response(403, &[]), asked()));
        let deviating = preflights(&fetch(&mut deviating, |_| response(403, &[]), asked()));
        // Pages cannot set what begins with `sec-`.
        assert_eq!(
            standard,
            usize::from(name != "sec-ch-ua"),
            "{name}: {value}"
        );
        assert_eq!(deviating, usize::from(!is_hint), "{name}: {value}");
    }
}

/// Whether the standard, Chromium, Firefox and WebKit send a header without asking.
#[test]
fn values_are_read_as_each_engine_reads_them() {
    let profiles = [
        Profile::standard(),
        Profile::chromium(),
        Profile::firefox(),
        Profile::webkit(),
    ];
    let cases = [
        ("range", "bytes=007-8", [true, true, true, true]),
        (
            "range",
            "bytes=0-9223372036854775806",
            [true, true, true, true],
        ),
        (
            "range",
            "bytes=0-9223372036854775807",
            [true, false, true, true],
        ),
        (
            "range",
            "bytes=9223372036854775807-",
            [true, false, true, true],
        ),
        (
            "range",
            "bytes=18446744073709551615-",
            [true, false, true, true],
        ),
        (
            "range",
            "bytes=18446744073709551616-",
            [true, false, false, false],
        ),
        (
            "range",
            "bytes=0-18446744073709551616",
            [true, false, false, false],
        ),
        ("range", "BYTES=0-5", [false, false, false, true]),
        ("range", "bytes=+1-", [false, false, false, true]),
        ("range", "bytes=08-+9", [false, false, false, true]),
        ("range", "bytes=+6-5", [false, false, false, false]),
        ("range", "Bytes=-5", [false, false, false, false]),
        ("content-type", "text/plain;", [true, true, true, true]),
        (
            "content-type",
            "text/plain;a=b;;c=d",
            [true, true, true, true],
        ),
        ("content-type", "text/plain\t;a", [true, true, true, true]),
        ("content-type", "text/plain; ;", [true, true, false, true]),
        ("content-type", "text/plain;a=b;", [true, true, false, true]),
        ("content-type", "text/plain;,", [true, true, false, true]),
        (
            "content-type",
            "text/plain;a=b, application/json",
            [true, true, false, true],
        ),
        (
            "content-type",
            "text/plain;\u{e4}=b",
            [true, true, false, true],
        ),
        ("accept", "\u{e4}", [true, true, false, true]),
        ("save-data", "On", [false, true, false, false]),
    ];
    for (name, value, expected) in cases {
        let is_safelisted = profiles.clone().map(|profile| {
            // In a header a character up to U+00FF is a byte.
            let bytes: Vec<u8> = value
                .chars()
                .map(|c| u8::try_from(c).expect("a byte"))
                .collect();
            let request = http::Request::get(crate::support::API)
                .header(name, bytes.as_slice())
                .body(String::new());
            preflights(&fetch(
                &mut Browser::at(PAGE).like(profile),
                |_| response(403, &[]),
                request,
            )) == 0
        });
        assert_eq!(is_safelisted, expected, "{name}: {value}");
    }
}

#[test]
fn repeated_headers_are_combined() {
    let half = "a".repeat(70);
    let asked = || request("GET", &[("accept", half.as_str()); 2]);
    let allow = [ORIGIN, ("access-control-allow-headers", "accept")];
    let [mut standard, mut deviating] = both(CombinesRepeatedHeaders);
    assert_eq!(
        preflights(&fetch(&mut standard, |_| response(200, &allow), asked())),
        0
    );
    let outcome = fetch(&mut deviating, |_| response(200, &allow), asked());
    assert_eq!(
        sent(preflight(&outcome), "access-control-request-headers"),
        Some("accept")
    );
    assert_eq!(
        sent(outcome.actual().unwrap(), "accept"),
        Some(format!("{half}, {half}").as_str())
    );
}

#[test]
fn a_repeated_name_is_asked_for_repeatedly() {
    let asked = || request("GET", &[("x-a", "1"), ("accept", "\""), ("x-a", "2")]);
    let names = both(RepeatsRequestedHeaders).map(|mut page| {
        let outcome = fetch(&mut page, |_| response(403, &[]), asked());
        sent(preflight(&outcome), "access-control-request-headers").map(str::to_owned)
    });
    assert_eq!(
        names,
        [
            Some("accept,x-a".to_owned()),
            Some("accept,x-a,x-a".to_owned())
        ]
    );
}

#[test]
fn the_sum_of_safelisted_values_is_ignored() {
    let long = "a".repeat(128);
    let asked = || request("GET", &[("accept", long.as_str()); 9]);
    let counts = both(IgnoresSumOfSafelistedValues)
        .map(|mut page| preflights(&fetch(&mut page, |_| response(403, &[]), asked())));
    assert_eq!(counts, [1, 0]);
}

#[test]
fn what_an_answer_allows_besides_the_method_asked_for_is_not_remembered() {
    let lines = [ORIGIN, ("access-control-allow-headers", "x-a"), MINUTE];
    let put = || request("PUT", &[]);
    let get = || request("GET", &[("x-a", "1")]);
    for mut page in both(HeaderDenialIsCached) {
        assert_eq!(asks(&mut page, &lines, [&put, &get]), 2);
    }
}

/// The observed lifetimes, in seconds.
#[test]
fn max_age_is_read_as_each_engine_reads_it() {
    let lifetime = |profile: &Profile, value: &str| {
        let lines = [
            ORIGIN,
            ("access-control-allow-methods", "PUT"),
            ("access-control-max-age", value),
        ];
        let mut page = Browser::at(PAGE).like(profile.clone());
        fetch(&mut page, |_| response(200, &lines), request("PUT", &[])).assert_readable();
        let lives = |seconds: &u64| {
            let mut page = page.clone();
            page.advance(Duration::from_secs(*seconds));
            preflights(&fetch(
                &mut page,
                |_| response(200, &lines),
                request("PUT", &[]),
            )) == 0
        };
        (0..100_000).collect::<Vec<u64>>().partition_point(lives)
    };
    let cases = [
        ("60", [60, 60, 60]),
        ("100000", [7200, 86_400, 600]),
        ("0", [0, 0, 0]),
        ("", [5, 5, 5]),
        ("-1", [0, 0, 0]),
        ("abc", [5, 0, 5]),
        ("60.5", [5, 0, 5]),
        ("60, 60", [5, 0, 5]),
        ("+60", [60, 0, 60]),
        ("9223372036854775807", [7200, 86_400, 600]),
        ("9223372036854775808", [5, 86_400, 5]),
        ("99999999999999999999999", [5, 86_400, 5]),
    ];
    for (value, expected) in cases {
        for ((name, profile), expected) in engines().into_iter().zip(expected) {
            assert_eq!(lifetime(&profile, value), expected, "{name}: {value}");
        }
    }
}

#[test]
fn a_newer_answer_replaces_an_older_one() {
    let put = [ORIGIN, ("access-control-allow-methods", "PUT"), MINUTE];
    let delete = [ORIGIN, ("access-control-allow-methods", "DELETE"), MINUTE];
    let counts = both(NewAnswerReplacesOlder).map(|mut page| {
        fetch(&mut page, |_| response(200, &put), request("PUT", &[])).assert_readable();
        fetch(
            &mut page,
            |_| response(200, &delete),
            request("DELETE", &[]),
        )
        .assert_readable();
        preflights(&fetch(
            &mut page,
            |_| response(200, &put),
            request("PUT", &[]),
        ))
    });
    assert_eq!(counts, [0, 1]);
}

#[test]
fn a_wildcard_is_asked_for_every_time() {
    let lines = [ORIGIN, ("access-control-allow-methods", "*"), MINUTE];
    let counts = both(WildcardIsNotCached).map(|mut page| {
        let mut count = || {
            preflights(&fetch(
                &mut page,
                |_| response(200, &lines),
                request("PUT", &[]),
            ))
        };
        count() + count()
    });
    assert_eq!(counts, [1, 2]);
}

#[test]
fn head_is_asked_for_unless_it_was_listed() {
    let head = || request("HEAD", &[("x-a", "1")]);
    let lines = [("access-control-allow-headers", "x-a"), MINUTE];
    let listed = [
        ("access-control-allow-headers", "x-a"),
        ("access-control-allow-methods", "HEAD"),
        MINUTE,
    ];
    let [mut standard, mut deviating] = both(HeadMustBeCached);
    assert_eq!(asks(&mut standard, &lines, [&head, &head]), 1);
    assert_eq!(asks(&mut deviating, &lines, [&head, &head]), 2);
    assert_eq!(asks(&mut deviating, &listed, [&head, &head]), 1);
    let get = || request("GET", &[("x-a", "1")]);
    for mut page in both(HeadMustBeCached) {
        assert_eq!(asks(&mut page, &lines, [&get, &get]), 1);
    }
}

#[test]
fn credentials_have_their_own_entries() {
    let with = || including(request("PUT", &[]));
    let without = || request("PUT", &[]);
    let lines = [("access-control-allow-methods", "PUT"), MINUTE];
    let counts = both(CredentialsHaveTheirOwnEntries)
        .map(|mut page| asks(&mut page, &lines, [&with, &without]));
    assert_eq!(counts, [1, 2]);
}

#[test]
fn what_an_answer_allows_besides_the_header_asked_for_is_remembered() {
    let lines = [ORIGIN, ("access-control-allow-methods", "PUT"), MINUTE];
    let counts = both(HeaderDenialIsCached).map(|mut page| {
        let outcome = fetch(
            &mut page,
            |_| response(200, &lines),
            request("PUT", &[("x-a", "1")]),
        );
        outcome.assert_blocked_because(Blocked::PreflightHeaderNotAllowed);
        preflights(&fetch(
            &mut page,
            |_| response(200, &lines),
            request("PUT", &[]),
        ))
    });
    assert_eq!(counts, [1, 0]);
}

#[test]
fn a_response_that_cannot_be_read_leaves_the_cache_alone() {
    let lines = [ORIGIN, ("access-control-allow-methods", "PUT"), MINUTE];
    let counts = both(FailedRequestKeepsCache).map(|mut page| {
        let preflight_only =
            |request: &_| response(200, if is_preflight(request) { &lines } else { &[] });
        assert!(
            fetch(&mut page, preflight_only, request("PUT", &[]))
                .blocked()
                .is_some()
        );
        let count = preflights(&fetch(&mut page, preflight_only, request("PUT", &[])));
        // A preflight that is rejected takes away in either case.
        assert!(
            fetch(&mut page, |_| response(200, &lines), request("DELETE", &[]))
                .blocked()
                .is_some()
        );
        (
            count,
            preflights(&fetch(&mut page, preflight_only, request("PUT", &[]))),
        )
    });
    assert_eq!(counts, [(1, 1), (0, 1)]);
}

#[test]
fn the_method_of_an_upload_must_be_listed() {
    let put = || request("PUT", &[]).upload_listener();
    let [mut standard, mut deviating] = both(UploadMethodsMustBeListed);
    fetch(&mut standard, |_| response(200, &[ORIGIN]), put()).assert_readable();
    fetch(&mut deviating, |_| response(200, &[ORIGIN]), put())
        .assert_blocked_because(Blocked::PreflightMethodNotAllowed);
    let post = request("POST", &[]).upload_listener();
    fetch(&mut deviating, |_| response(200, &[ORIGIN]), post).assert_readable();
}

#[test]
fn any_answer_serves_uploads() {
    let post = || request("POST", &[]).upload_listener();
    let lines = [("access-control-allow-methods", "PUT"), MINUTE];
    let [mut standard, mut deviating] = both(AnyAnswerServesUploads);
    assert_eq!(asks(&mut standard, &lines, [&post, &post]), 2);
    assert_eq!(asks(&mut deviating, &lines, [&post, &post]), 1);
    // As in all engines, where no method is listed or remembered.
    for (_, profile) in engines() {
        for methods in ["", "*", "PUT"] {
            let mut page = Browser::at(PAGE).like(profile.clone());
            let lines = [("access-control-allow-methods", methods), MINUTE];
            assert_eq!(asks(&mut page, &lines, [&post, &post]), 1, "{methods}");
        }
    }
}

/// The headers of the preflights and requests after a redirect between origins.
fn redirected(page: &mut Browser) -> Vec<(Option<String>, Option<String>)> {
    let asked = request_to(
        "https://api.example.com/a",
        "PUT",
        &[("authorization", "x"), ("x-a", "1")],
    );
    let answer = |request: &http::Request<String>| {
        let origin = request.headers()["origin"].to_str().unwrap();
        let allow = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-methods", "PUT"),
            ("access-control-allow-headers", "x-a, authorization"),
            ("location", "https://other.example.org/b"),
        ];
        let leaves = request.uri().path() == "/a" && !is_preflight(request);
        response(if leaves { 307 } else { 200 }, &allow)
    };
    let outcome = fetch(page, answer, asked);
    outcome.assert_readable();
    let after = &outcome.exchanges()[2..];
    let of = |exchange, name| sent(exchange, name).map(str::to_owned);
    after
        .iter()
        .map(|exchange| {
            (
                of(exchange, "origin"),
                of(exchange, "access-control-request-headers"),
            )
        })
        .collect()
}

#[test]
fn a_preflight_keeps_the_origin_after_a_redirect() {
    let null = || Some("null".to_owned());
    let names = || Some("x-a".to_owned());
    let [mut standard, mut deviating] = both(PreflightKeepsOriginAfterRedirect);
    assert_eq!(
        redirected(&mut standard),
        [(null(), names()), (null(), None)]
    );
    assert_eq!(
        redirected(&mut deviating),
        [(Some(PAGE.to_owned()), names()), (null(), None)]
    );
}

#[test]
fn a_preflight_names_authorization_after_it_was_dropped() {
    let null = || Some("null".to_owned());
    let [_, mut deviating] = both(PreflightNamesDroppedAuthorization);
    let names = Some("authorization,x-a".to_owned());
    assert_eq!(
        redirected(&mut deviating),
        [(null(), names), (null(), None)]
    );
}

/// What the last request of a fetch has of a header, in the standard's browser and in the deviating one.
fn sent_by_both(
    [mut standard, mut deviating]: [Browser; 2],
    asked: impl Fn() -> Fetch<String>,
    name: &str,
) -> [Option<String>; 2] {
    [&mut standard, &mut deviating].map(|page| {
        let outcome = fetch(page, |_| response(200, &[]), asked());
        let last = outcome.exchanges().last().expect("a request was sent");
        sent(last, name).map(str::to_owned)
    })
}

#[test]
fn elements_with_crossorigin_send_the_origin_to_their_own() {
    let pages = || both(CrossoriginElementsSendOrigin);
    let own = || Fetch::image("/logo.png");
    let origin = || Some(PAGE.to_owned());
    let crossorigin = || own().crossorigin(Credentials::SameOrigin);
    assert_eq!(
        sent_by_both(pages(), crossorigin, "origin"),
        [None, origin()]
    );
    assert_eq!(sent_by_both(pages(), own, "origin"), [None, None]);
    let fetched = || request_to("/monsters", "GET", &[]);
    assert_eq!(sent_by_both(pages(), fetched, "origin"), [None, None]);
}

#[test]
fn a_web_socket_has_other_fetch_metadata() {
    let socket = || Fetch::web_socket("wss://api.example.com/live");
    let some = |value: &str| Some(value.to_owned());
    for (name, value) in [
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-mode", "websocket"),
        ("sec-fetch-dest", "empty"),
    ] {
        let sent = sent_by_both(both(WebSocketHasNoFetchMetadata), socket, name);
        assert_eq!(sent, [some(value), None]);
    }
    let sent = sent_by_both(both(WebSocketIsDestination), socket, "sec-fetch-dest");
    assert_eq!(sent, [some("empty"), some("websocket")]);
    let sent = sent_by_both(
        both(WebSocketIsDestination),
        || request("GET", &[]),
        "sec-fetch-dest",
    );
    assert_eq!(sent, [some("empty"), some("empty")]);
}

#[test]
fn a_preflight_to_an_insecure_url_has_its_mode() {
    let pages = || {
        let [mut standard, mut deviating] = both(InsecurePreflightHasMode);
        standard.visit("http://app.example.com");
        deviating.visit("http://app.example.com");
        [standard, deviating]
    };
    let put = || request_to("http://api.example.com/", "PUT", &[]);
    let cors = Some("cors".to_owned());
    assert_eq!(sent_by_both(pages(), put, "sec-fetch-mode"), [None, cors]);
    assert_eq!(sent_by_both(pages(), put, "sec-fetch-site"), [None, None]);
    let get = || request_to("http://api.example.com/", "GET", &[]);
    assert_eq!(sent_by_both(pages(), get, "sec-fetch-mode"), [None, None]);
}

#[test]
fn a_deviation_is_put_on_and_taken_off() {
    let profile = Profile::firefox()
        .without(WildcardIsNotCached)
        .with(NewAnswerReplacesOlder);
    assert!(!profile.has(WildcardIsNotCached) && profile.has(NewAnswerReplacesOlder));
    assert_eq!(profile.clone().with(NewAnswerReplacesOlder), profile);
    assert_eq!(Profile::default(), Profile::standard());
    for (_, engine) in engines() {
        let first = engine.deviations()[0];
        let without = engine.clone().without(first);
        assert_eq!(without.deviations(), &engine.deviations()[1..]);
        assert_eq!(without.max_age_limit(), engine.max_age_limit());
    }
}

/// The names of the cookies that a page of another site sends, and of those that it may set.
fn cookies_of(mut page: Browser) -> String {
    let url = "https://api.example.com/monsters";
    for cookie in [
        "unsaid=1",
        "lax=1; SameSite=Lax",
        "strict=1; SameSite=Strict",
        "none=1; SameSite=None; Secure",
        "insecure=1; SameSite=None",
    ] {
        let _ = page.try_set_cookie(url, cookie);
    }
    let answer = [("set-cookie", "set=1; SameSite=None; Secure")];
    let asked = || including(request_to(url, "GET", &[]));
    fetch(&mut page, |_| response(200, &answer), asked());
    let outcome = fetch(&mut page, |_| response(200, &answer), asked());
    let sent = sent(outcome.actual().unwrap(), "cookie").unwrap_or_default();
    sent.replace("=1", "")
}

#[test]
fn engines_differ_in_the_cookies_of_other_sites() {
    let stranger = Browser::at("https://attacker.example");
    let with = |deviation| stranger.clone().like(Profile::standard().with(deviation));
    assert_eq!(cookies_of(stranger.clone()), "none; set");
    assert_eq!(cookies_of(with(UnsaidSameSiteIsNone)), "unsaid; none; set");
    assert_eq!(
        cookies_of(with(InsecureSameSiteNone)),
        "none; insecure; set"
    );
    assert_eq!(cookies_of(with(BlocksThirdPartyCookies)), "");
    assert_eq!(cookies_of(with(SameSiteIgnoresScheme)), "none; set");
    let twin = Browser::at("http://app.example.com");
    assert_eq!(cookies_of(twin.clone()), "none; set");
    let twin = twin.like(Profile::standard().with(SameSiteIgnoresScheme));
    assert_eq!(cookies_of(twin), "unsaid; lax; strict; none; set");
    // A link is none of a third party.
    let mut page = with(BlocksThirdPartyCookies);
    page.set_cookie("https://api.example.com/", "lax=1");
    let link = Fetch::navigation("https://api.example.com/");
    let outcome = fetch(&mut page, |_| response(200, &[]), link);
    assert_eq!(sent(outcome.actual().unwrap(), "cookie"), Some("lax=1"));
}
