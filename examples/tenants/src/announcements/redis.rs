//! Publish and subscribe of Redis or Valkey. The replica that makes a change publishes it; one by `psql` is found in the log.
//!
//! The client is `redis`, which the project of the same name keeps. `fred` reconnects and subscribes again by itself, and
//! this example must know when that happens.

use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{AsyncCommands, Client};
use tokio::sync::Mutex;

use super::{Bus, CHANNEL, Failure, Pending, Subscription};

pub(super) struct Redis {
    client: Client,
    /// The connection that publishes, if there is one.
    publisher: Mutex<Option<MultiplexedConnection>>,
}

impl Redis {
    pub(super) fn new(url: &str) -> Result<Self, Failure> {
        let client = Client::open(url)?;
        let publisher = Mutex::default();
        Ok(Self { client, publisher })
    }

    async fn publisher(&self) -> redis::RedisResult<MultiplexedConnection> {
        self.client.get_multiplexed_async_connection().await
    }
}

impl Bus for Redis {
    fn subscribe(&self) -> Pending<'_, Box<dyn Subscription>> {
        Box::pin(async {
            let mut subscription = self.client.get_async_pubsub().await?;
            subscription.subscribe(CHANNEL).await?;
            Ok(Box::new(subscription) as Box<dyn Subscription>)
        })
    }

    fn publish<'a>(&'a self, tenant: &'a str) -> Pending<'a, ()> {
        Box::pin(async move {
            // It is taken, so that one that fails or hangs is not used again.
            let kept = self.publisher.lock().await.take();
            let mut publisher = match kept {
                Some(publisher) => publisher,
                None => self.publisher().await?,
            };
            if publisher
                .publish::<_, _, ()>(CHANNEL, tenant)
                .await
                .is_err()
            {
                // The connection may have ended long ago, so this is the first to notice.
                publisher = self.publisher().await?;
                publisher.publish::<_, _, ()>(CHANNEL, tenant).await?;
            }
            *self.publisher.lock().await = Some(publisher);
            Ok(())
        })
    }
}

impl Subscription for PubSub {
    fn next(&mut self) -> Pending<'_, String> {
        Box::pin(async {
            let announcement = self.on_message().next().await;
            let announcement = announcement.ok_or("the connection was closed")?;
            // What is no text announces nothing that this knows, so everything may have changed.
            Ok(announcement.get_payload().unwrap_or_default())
        })
    }

    fn check(&mut self) -> Pending<'_, ()> {
        Box::pin(async { Ok(self.ping::<()>().await?) })
    }
}
