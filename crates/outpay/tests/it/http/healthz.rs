//! `GET /healthz`: the process is alive.

use crate::http::api::Api;

crate::world::on_both_engines! {
    status_200_it_runs,
}

async fn status_200_it_runs(world: &Api) {
    world.get("/healthz").send().await.is(200, r#"{"status":"ok"}"#);
    world.get("/healthz?verbose=1").key("unknown").send().await.is(200, r#"{"status":"ok"}"#);
}
