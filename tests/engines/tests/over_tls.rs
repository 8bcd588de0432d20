//! The same verdicts over TLS, where engines speak HTTP/2 and policies need no insecure origin.

use tower_cors_engine_tests::layers::Layers;
use tower_cors_engine_tests::{Engine, Matrix, PageOrigin, Summary, description, requests};

/// Every service and page, and each request whose number is a multiple of `step`.
async fn agree(engine: Engine, step: usize, version: &str) {
    let requests: Vec<_> = requests().into_iter().step_by(step).collect();
    let matrix = Matrix::over_tls(&description::ALL, &PageOrigin::OVER_TLS, &requests);
    let summary = Summary::of(&matrix, Layers::TowerCors, engine).await;
    println!("{summary}");
    summary.assert_no_difference();
    let versions: Vec<_> = summary.versions.keys().collect();
    assert_eq!(versions, [version]);
}

#[tokio::test]
async fn chromium_agrees_over_tls() {
    agree(Engine::Chromium, 4, "HTTP/2.0").await;
}

#[tokio::test]
async fn firefox_agrees_over_tls() {
    agree(Engine::Firefox, 4, "HTTP/2.0").await;
}

#[tokio::test]
async fn webkit_agrees_over_tls() {
    // Through a proxy it speaks HTTP/1.1, and opens a tunnel for every other request.
    agree(Engine::WebKit, 10, "HTTP/1.1").await;
}
