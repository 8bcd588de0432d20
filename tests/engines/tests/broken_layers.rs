//! The matrix finds what is wrong with other layers, so that it would find it in ours.

use tower_cors_engine_tests::description::{self, Described};
use tower_cors_engine_tests::layers::Layers;
use tower_cors_engine_tests::{
    CredentialsMode, Difference, Engine, Matrix, Mistake, PageOrigin, Summary, requests,
};

/// The differences of a layer in Chromium, over services of one policy that every layer can be told.
async fn differences(layers: Layers) -> Vec<Difference> {
    let names = ["listed-with-credentials", "below", "public"];
    let services: Vec<Described> = description::ALL
        .into_iter()
        .filter(|service| names.contains(&service.name))
        .collect();
    let matrix = Matrix::new(&services, &PageOrigin::ALL, &requests());
    let summary = Summary::of(&matrix, layers, Engine::Chromium).await;
    println!("{layers:?}\n{summary}");
    summary.differences
}

#[tokio::test]
async fn a_layer_of_a_few_lines_can_be_right() {
    let differences = differences(Layers::HandWritten(None)).await;
    assert!(differences.is_empty(), "{}", differences[0]);
}

#[tokio::test]
async fn a_suffix_match_lets_a_look_alike_read() {
    let differences = differences(Layers::HandWritten(Some(Mistake::SuffixMatch))).await;
    let mut pages: Vec<String> = Vec::new();
    for Difference {
        case,
        intent,
        engine,
        ..
    } in &differences
    {
        assert_eq!(case.service.name, "below");
        assert!(intent.seen.is_none() && (engine.seen.is_some() || engine.reached));
        pages.push(case.page.to_string());
    }
    pages.dedup();
    assert_eq!(
        pages,
        [
            "http://shop.test",
            "http://evilshop.test",
            "http://app-shop.test"
        ]
    );
}

#[tokio::test]
async fn a_wildcard_with_credentials_shuts_out_the_pages_that_include_them() {
    let mistake = Mistake::WildcardWithCredentials;
    let differences = differences(Layers::HandWritten(Some(mistake))).await;
    assert!(!differences.is_empty());
    for difference in &differences {
        let Difference {
            case,
            intent,
            engine,
            ..
        } = difference;
        assert_eq!(case.service.name, "listed-with-credentials", "{difference}");
        assert_eq!(
            case.request.credentials,
            CredentialsMode::Include,
            "{difference}"
        );
        assert!(
            intent.seen.is_some() && engine.seen.is_none(),
            "{difference}"
        );
    }
}

/// `*` alone does not cover `Authorization` by the standard, though it does in the engines of today.
#[tokio::test]
async fn tower_http_keeps_options_requests_from_the_service_and_does_not_name_authorization() {
    let differences = differences(Layers::TowerHttp).await;
    let (options, others): (Vec<_>, Vec<_>) = differences
        .iter()
        .partition(|difference| difference.case.request.method == "OPTIONS");
    assert!(!options.is_empty() && !others.is_empty());
    for difference in options {
        let answered = difference.engine.seen.is_some();
        assert!(answered && !difference.engine.reached, "{difference}");
    }
    for difference in others {
        let names = difference.case.request.unsafe_names;
        assert!(names.contains(&"authorization"), "{difference}");
        assert_eq!(difference.case.service.name, "public", "{difference}");
        assert_eq!(difference.standard.seen, None, "{difference}");
        assert_eq!(difference.engine, difference.intent, "{difference}");
    }
}
