//! `fetch/api/credentials/`

use tower_cors::testing::{Browser, Credentials, ResponseType};

use super::{Files, LOCAL, at, fetch, fetch_in, get, last, with};

pub(super) fn run(files: &mut Files) {
    files.file("fetch/api/credentials/authentication-basic.js", |file| {
        for (name, credentials, password) in [
            ("include", Credentials::Include, "user:password"),
            ("same-origin", Credentials::SameOrigin, "user:password"),
            ("omit", Credentials::Omit, "user:password"),
            ("wrong", Credentials::Omit, "user:wrong-pass"),
        ] {
            let status = if name == "wrong" { "401" } else { "200" };
            let outcome = fetch(
                with(
                    "GET",
                    at(LOCAL, &[("status", status)]),
                    &[("authorization", password)],
                )
                .credentials(credentials),
            );
            let holds = last(&outcome, "authorization") == Some(password)
                && outcome.response_type() == ResponseType::Basic;
            file.check(name, holds, &outcome);
        }
    });
    files.file("fetch/api/credentials/cookies.any.js", |file| {
        use Credentials::{Include, Omit, SameOrigin};
        for (one, other, cookies) in [
            (Include, Include, &["a=1"][..]),
            (Include, Include, &["b=2", "c=3"]),
            (Omit, Omit, &["d=4"]),
            (Omit, Include, &["e=5"]),
            (Include, Omit, &["f=6"]),
            (SameOrigin, SameOrigin, &["a=1"]),
            (SameOrigin, SameOrigin, &["b=2", "c=3"]),
        ] {
            let mut page = Browser::at(LOCAL);
            let set: Vec<_> = cookies
                .iter()
                .map(|cookie| ("set-cookie", *cookie))
                .collect();
            fetch_in(&mut page, get(at(LOCAL, &set)).credentials(one));
            let outcome = fetch_in(&mut page, get(at(LOCAL, &[])).credentials(other));
            let joined = cookies.join("; ");
            let expected = (one != Omit && other != Omit).then_some(joined.as_str());
            file.check(
                format!("{one:?} {other:?}"),
                last(&outcome, "cookie") == expected,
                &outcome,
            );
        }
    });
    files.file("fetch/api/credentials/cookies3.any.js", |file| {
        for name in 'a'..='k' {
            let mut page = Browser::at(LOCAL);
            let set = format!("{name}=1");
            let unset = format!("{name}=0; max-age=0");
            fetch_in(&mut page, get(at(LOCAL, &[("set-cookie", &set)])));
            let first = fetch_in(
                &mut page,
                get(at(LOCAL, &[])).credentials(Credentials::Include),
            );
            fetch_in(
                &mut page,
                get(at(LOCAL, &[("set-cookie", &unset)])).credentials(Credentials::Include),
            );
            let second = fetch_in(
                &mut page,
                get(at(LOCAL, &[])).credentials(Credentials::Include),
            );
            let holds =
                last(&first, "cookie") == Some(set.as_str()) && last(&second, "cookie").is_none();
            file.check(name, holds, &second);
        }
    });
}
