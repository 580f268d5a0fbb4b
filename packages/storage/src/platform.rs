//! What differs between a browser and a native process, chosen here once.

#[cfg(not(target_arch = "wasm32"))]
mod native {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    /// A future that may move between threads.
    pub type BoxFuture<T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send>>;

    /// `Send` where there are threads.
    pub trait MaybeSend: Send {}
    impl<T: Send> MaybeSend for T {}

    /// `Sync` where there are threads.
    pub trait MaybeSync: Sync {}
    impl<T: Sync> MaybeSync for T {}

    /// Runs `work` to its end on the current tokio runtime, whoever waits for it.
    pub fn spawn(work: BoxFuture<()>) {
        tokio::spawn(work);
    }

    /// Waits.
    pub async fn sleep(time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Milliseconds that never run backwards, since some moment.
    pub fn monotonic_millis() -> u64 {
        static START: std::sync::OnceLock<tokio::time::Instant> = std::sync::OnceLock::new();
        let start = START.get_or_init(tokio::time::Instant::now);
        u64::try_from(tokio::time::Instant::now().duration_since(*start).as_millis()).unwrap_or(u64::MAX)
    }

    /// The wall clock in milliseconds since 1970; 0 before that.
    pub fn wall_clock() -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(target_arch = "wasm32")]
mod web {
    use std::time::Duration;

    use wasm_bindgen::JsCast;

    /// A future of the browser's only thread.
    pub type BoxFuture<T> = std::pin::Pin<Box<dyn std::future::Future<Output = T>>>;

    /// `Send` where there are threads: not here.
    pub trait MaybeSend {}
    impl<T> MaybeSend for T {}

    /// `Sync` where there are threads: not here.
    pub trait MaybeSync {}
    impl<T> MaybeSync for T {}

    /// Runs `work` to its end, whoever waits for it.
    pub fn spawn(work: BoxFuture<()>) {
        wasm_bindgen_futures::spawn_local(work);
    }

    /// The longest that a browser's timer waits. What is longer would be over at once.
    const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

    /// Waits.
    pub async fn sleep(time: Duration) {
        let mut left = time;
        while left > LONGEST {
            gloo_timers::future::sleep(LONGEST).await;
            left -= LONGEST;
        }
        gloo_timers::future::sleep(left).await;
    }

    /// Milliseconds that never run backwards, since some moment.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds fit 48 bits")]
    pub fn monotonic_millis() -> u64 {
        let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into());
        let now = performance.and_then(|performance| {
            let now: js_sys::Function = js_sys::Reflect::get(&performance, &"now".into())?.dyn_into()?;
            now.call0(&performance)
        });
        now.ok().and_then(|now| now.as_f64()).unwrap_or_default() as u64
    }

    /// The wall clock in milliseconds since 1970.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds fit 48 bits")]
    pub fn wall_clock() -> u64 {
        js_sys::Date::now().max(0.) as u64
    }
}

#[cfg(not(target_arch = "wasm32"))]
pub use native::{BoxFuture, MaybeSend, MaybeSync};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{monotonic_millis, sleep, spawn, wall_clock};
#[cfg(target_arch = "wasm32")]
pub use web::{BoxFuture, MaybeSend, MaybeSync};
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{monotonic_millis, sleep, spawn, wall_clock};

/// Starts `work` and returns a future of its result. Dropping that future changes nothing: the work goes on.
#[cfg(target_arch = "wasm32")]
pub(crate) fn detached<T: 'static>(
    work: impl std::future::Future<Output = T> + 'static,
    lost: impl FnOnce() -> T + 'static,
) -> BoxFuture<T> {
    let (tell, told) = tokio::sync::oneshot::channel();
    spawn(Box::pin(async move {
        let _nobody_waits = tell.send(work.await);
    }));
    Box::pin(async move { told.await.unwrap_or_else(|_| lost()) })
}

/// Waits until that time of [`monotonic_millis`], or for ever.
pub(crate) async fn until(time: Option<u64>) {
    match time {
        Some(time) => sleep(std::time::Duration::from_millis(time.saturating_sub(monotonic_millis()))).await,
        None => std::future::pending().await,
    }
}

/// Random bits of the operating system. Without them ids would collide, so there is nothing to go on with.
pub(crate) fn random_bits() -> u64 {
    let mut bytes = [0; 8];
    #[expect(clippy::expect_used, reason = "every supported system has a random source; without one no id is unique")]
    getrandom::fill(&mut bytes).expect("the system's random source");
    u64::from_le_bytes(bytes)
}
