//! A `tracing` layer that keeps events as text.

use std::sync::{Arc, LazyLock, Mutex};

use tracing::{Dispatch, Subscriber};
use tracing_subscriber::layer::Context;

/// Runs `send` with a subscriber for this thread.
///
/// `tracing` remembers for each callsite whether somebody is interested. If only one subscriber is alive, it asks the thread
/// that reaches the callsite first, so a test without a subscriber would disable it for all. Two more keep that from
/// happening.
pub(crate) fn subscribed<T>(
    subscriber: impl Subscriber + Send + Sync + 'static,
    send: impl FnOnce() -> T,
) -> T {
    static INTERESTED: LazyLock<[Dispatch; 2]> =
        LazyLock::new(|| [(); 2].map(|()| Dispatch::new(tracing_subscriber::registry())));
    LazyLock::force(&INTERESTED);
    tracing::subscriber::with_default(subscriber, send)
}

/// An event as `LEVEL target field=value …`.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    /// The events so far, which are forgotten.
    pub(crate) fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Events {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Fields(String);
        impl tracing::field::Visit for Fields {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!(" {}={value:?}", field.name());
            }
        }
        let metadata = event.metadata();
        let mut fields = Fields(format!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut fields);
        self.0.lock().unwrap().push(fields.0);
    }
}
