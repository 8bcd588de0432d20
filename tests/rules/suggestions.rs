//! C5: a suggestion never leads to another origin than the URL standard gives the text.

use proptest::prelude::*;
use tower_cors::OriginPattern;

fn suggestion(text: &str) -> Option<String> {
    let error = text.parse::<OriginPattern>().err()?;
    let message = error.to_string();
    let suggestion = error.suggestion()?.to_owned();
    assert!(
        message.ends_with(&format!("; write `{suggestion}`")),
        "{message}"
    );
    suggestion
        .parse::<OriginPattern>()
        .expect("a suggestion is a pattern");
    Some(suggestion)
}

/// Texts with international names, and whether the crate knows what the standard makes of them without the tables of
/// Unicode.
const INTERNATIONAL: [(&str, bool); 31] = [
    ("https://münchen.example", true),
    ("https://MÜNCHEN.example", true),
    ("https://mu\u{308}nchen.example", false),
    ("https://bücher.example:8443", true),
    ("https://BÜCHER.example/katalog", true),
    ("https://straße.example", true),
    ("https://STRAẞE.example", false),
    ("https://faß.example:443", true),
    ("https://пример.рф", true),
    ("https://ПРИМЕР.РФ", true),
    ("https://βόλος.example", true),
    ("https://ΒΌΛΟΣ.example", true),
    ("https://βόλοσ.example", true),
    ("https://例え.テスト", true),
    ("https://app。example.com", false),
    ("https://例え。テスト", false),
    ("https://ａｐｐ.example.com", false),
    ("https://app．example．com", false),
    ("https://app\u{200b}.example.com", false),
    ("https://app\u{200d}.example.com", false),
    ("https://app\u{ad}.example.com", false),
    ("https://ﬁsh.example", false),
    ("https://ﬀ.example", false),
    ("https://İstanbul.example", false),
    ("https://ıstanbul.example", false),
    ("https://한국.example", true),
    ("https://مثال.example", false),
    ("https://उदाहरण.example", false),
    ("https://ไทย.example", false),
    ("https://☃.example", false),
    ("https://①.example", false),
];

#[test]
fn c5_an_international_name_is_suggested_as_the_standard_serializes_it_or_not_at_all() {
    for (text, is_known) in INTERNATIONAL {
        let standard = url::Url::parse(text).map(|url| url.origin().ascii_serialization());
        let suggested = suggestion(text);
        if suggested.is_some() {
            assert_eq!(suggested, standard.ok(), "{text}");
        }
        assert_eq!(suggested.is_some(), is_known, "{text}");
    }
}

#[test]
fn c5_what_people_write_is_suggested_as_they_mean_it_or_not_at_all() {
    for (text, meant) in [
        ("https:/app.example.com", Some("https://app.example.com")),
        (
            "https:app.example.com/login",
            Some("https://app.example.com"),
        ),
        ("https:///app.example.com", Some("https://app.example.com")),
        (
            "https:\\\\app.example.com\\",
            Some("https://app.example.com"),
        ),
        ("https//app.example.com", None),
        ("htp//app.example.com", None),
        (
            "HTTPS://APP.example.com:443/",
            Some("https://app.example.com"),
        ),
        (
            "http://App.example.com:0080",
            Some("http://app.example.com"),
        ),
        ("https://app.example.com:", Some("https://app.example.com")),
        (
            "https://app.example.com:08443",
            Some("https://app.example.com:8443"),
        ),
        ("https://app.example.com:80a", None),
        ("https://app.example.com:99999", None),
        (
            "https://user:pass@word@app.example.com/",
            Some("https://app.example.com"),
        ),
        (
            "https://app.example.com/user@evil.example",
            Some("https://app.example.com"),
        ),
        (
            "https://evil.example\\@app.example.com",
            Some("https://evil.example"),
        ),
        (" https://app.example.com ", Some("https://app.example.com")),
        ("\u{a0}https://app.example.com", None),
        ("https://a..example.com/", None),
        ("https://%61pp.example.com", None),
        ("https://a%20b.example.com/", None),
        ("https://Example.com./", Some("https://example.com.")),
        ("https://*.Example.com/", Some("https://*.example.com")),
        (
            "https://*.BÜCHER.example",
            Some("https://*.xn--bcher-kva.example"),
        ),
        ("http://LOCALHOST:*/", Some("http://localhost:*")),
        ("http://127.1", None),
        ("http://[0:0:0:0:0:0:0:1]:3000/", Some("http://[::1]:3000")),
        ("http://[::FFFF:1.2.3.4]", Some("http://[::ffff:102:304]")),
        ("http://[fe80::1%25eth0]", None),
        ("app.example.com", Some("https://app.example.com")),
        (
            "App.example.com:8443/login",
            Some("https://app.example.com:8443"),
        ),
        ("*.example.com", Some("https://*.example.com")),
        ("bücher.example", Some("https://xn--bcher-kva.example")),
        ("localhost", Some("http://localhost")),
        ("localhost:3000", Some("http://localhost:3000")),
        ("app.localhost:3000", Some("http://app.localhost:3000")),
        ("localhost:*", Some("http://localhost:*")),
        ("127.0.0.1:3000", Some("http://127.0.0.1:3000")),
        ("192.168.1.5:3000", Some("http://192.168.1.5:3000")),
        ("[::1]:3000", Some("http://[::1]:3000")),
        // Servers listen there, but their pages are opened by another host.
        ("0.0.0.0", Some("http://localhost")),
        ("0.0.0.0:3000", Some("http://localhost:3000")),
        ("0.0.0.0:*", Some("http://localhost:*")),
        ("[::]:80", Some("http://localhost")),
        ("0.0.0.0:x", None),
        ("0.0.0.0/0", None),
        ("0.0.0.0.example.com", Some("https://0.0.0.0.example.com")),
        ("10.0.0.0/8", None),
        ("192.168.0.0/16", None),
        ("[fd00::]/8", None),
        ("me@example.com", None),
        ("True", None),
        ("false", None),
        ("any", None),
        ("myhost:3000", None),
        (
            "localhost.evil.example",
            Some("https://localhost.evil.example"),
        ),
        ("https://a.example https://b.example", None),
        ("https://a.example,https://b.example", None),
        ("null", None),
        ("*", None),
        ("", None),
        ("/", None),
        ("://", None),
        ("app://MyApp", Some("app://myapp")),
        ("app://MyApp/index.html", Some("app://myapp")),
        ("tauri://localhost/", Some("tauri://localhost")),
        ("capacitor:///", Some("capacitor://")),
        ("app://bücher", None),
    ] {
        assert_eq!(suggestion(text).as_deref(), meant, "{text:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c5_no_suggestion_leads_to_another_origin(
        text in "[ \u{a0}]?(https?|HTTPS|ws|ftp)(:|://?/?|//|:\\\\\\\\)([a-zA:@%]{0,4}@)?\
            (([a-zA-Z0-9äÄßΣσςﬁа-яＡ-ｃ。．%!*,\u{200b}\u{ad}\u{308}-]{0,4}\\.){0,3}[a-zA-Z0-9ü]{0,5}\\.?|\\[[0-9a-fA-F:]{0,9}\\])\
            (:[0-9]{0,6})?([/?#\\\\][a-z@:/]{0,4})? ?",
    ) {
        if let Some(suggested) = suggestion(&text) {
            let url = url::Url::parse(&text);
            // The standard reads what claims to be punycode, which needs its tables. Chromium does not.
            if !suggested.contains("xn--") || text.contains(|c: char| !c.is_ascii()) {
                let url = url.map_err(|error| TestCaseError::fail(format!("{text:?} {suggested}: {error}")))?;
                prop_assert_eq!(url.origin().ascii_serialization(), suggested, "{}", text);
            }
        }
    }
}
