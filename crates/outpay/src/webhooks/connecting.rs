//! Whether a request made a connection of its own, or went over one that had carried others before. The HTTP client does not
//! say so of a request that failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

tokio::task_local! {
    /// Set where the request of this task begins to connect.
    static CONNECTED: Arc<AtomicBool>;
}

/// Runs a request; says whether a connection was begun for it.
pub(super) async fn watched<T>(request: impl Future<Output = T>) -> (T, bool) {
    let connected = Arc::<AtomicBool>::default();
    let sent = CONNECTED.scope(Arc::clone(&connected), request).await;
    (sent, connected.load(Ordering::Relaxed))
}

/// Stands around the client's connector, which begins to connect in the task of the request.
pub(super) fn layer<S>() -> impl Layer<S, Service = Watched<S>> + Clone + Send + Sync + 'static {
    layer_fn(|connector| Watched { connector })
}

#[derive(Clone)]
pub(super) struct Watched<S> {
    connector: S,
}

impl<R, S: Service<R>> Service<R> for Watched<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        // Outside of a watched request there is nothing to set.
        let _outside = CONNECTED.try_with(|connected| connected.store(true, Ordering::Relaxed));
        self.connector.call(request)
    }
}
