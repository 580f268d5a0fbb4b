//! Learns what is new on the server: told by it as long as a subscription stands, otherwise by asking now and again.
//!
//! [`Watch`] decides, without a clock or a connection; [`run`] does what it wants. A subscription that breaks is opened again ever later,
//! and until it stands the server is asked, so that nothing depends on it.

use std::{
    collections::VecDeque,
    future::{Future, pending},
    pin::pin,
    sync::Arc,
};

use futures::{
    FutureExt,
    future::{Either, select},
};
use tokio::sync::Notify;
use tracing::{debug, warn};

use super::{
    backoff::{self, Chance},
    event::{Event as Heard, Failure},
    status::News,
    transport::{Subscription, Transport},
    wire::Head,
};
use crate::{
    BoxFuture,
    platform::{monotonic_millis, until},
};

/// How often the server is asked while it says nothing by itself, in milliseconds.
const PERIOD: u64 = 5_000;
/// How long a subscription may take to stand before the server is asked, in milliseconds.
const GRACE: u64 = 3_000;
/// A subscription that stood so long has not failed soon, in milliseconds.
const STEADY: u64 = 30_000;

/// What a watch hears.
#[derive(Debug)]
enum Event {
    Start,
    /// There are no subscriptions on this way.
    Unavailable,
    /// The subscription tells.
    Told(Vec<Head>),
    /// The subscription has ended, or could not be opened.
    Lost(Failure),
    /// The answer to a question.
    Answered(Result<Vec<Head>, Failure>),
    /// The network may have come back.
    Woken,
    Timer,
}

/// What a watch wants done.
#[derive(Debug, PartialEq)]
enum Effect {
    /// Open a subscription, in the place of the one before.
    Subscribe,
    /// Ask once.
    Ask,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There is none, and there will be none.
    Never,
    /// It is opened then.
    Broken { until: u64 },
    /// It is being opened.
    Opening,
    /// It stands.
    Standing { since: u64 },
}

#[derive(Debug)]
struct Watch {
    chance: Chance,
    subscription: State,
    /// How often it has failed soon in a row.
    failures: u32,
    asking: bool,
    ask_at: u64,
    /// Whether the server was heard lately.
    is_reached: bool,
    news: News,
    effects: Vec<Effect>,
    /// What the engine is to hear.
    told: Vec<Heard>,
}

impl Watch {
    fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed),
            subscription: State::Never,
            failures: 0,
            asking: false,
            ask_at: u64::MAX,
            is_reached: true,
            news: News::default(),
            effects: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Hears what happened. Gives what is to be done, and what the engine is to hear.
    fn handle(&mut self, now: u64, event: Event) -> (Vec<Effect>, Vec<Heard>) {
        match event {
            Event::Start => {
                self.ask_at = now + GRACE;
                self.subscription = State::Broken { until: now };
            }
            Event::Unavailable => {
                (self.subscription, self.ask_at) = (State::Never, now);
                self.say(News::Asked(None));
            }
            Event::Told(heads) => {
                if !matches!(self.subscription, State::Standing { .. }) {
                    self.subscription = State::Standing { since: now };
                    self.say(News::Told);
                    self.reached(true);
                }
                self.told.push(Heard::Heads(heads));
            }
            Event::Lost(failure) => self.lost(now, &failure),
            Event::Answered(answer) => self.answered(now, answer),
            Event::Woken => self.hurry(now),
            Event::Timer => {}
        }
        if matches!(self.subscription, State::Broken { until } if until <= now) {
            self.subscription = State::Opening;
            self.effects.push(Effect::Subscribe);
        }
        if self.asks() && !self.asking && self.ask_at <= now {
            self.asking = true;
            self.effects.push(Effect::Ask);
        }
        (std::mem::take(&mut self.effects), std::mem::take(&mut self.told))
    }

    /// When it wants to hear [`Event::Timer`]. None: never.
    fn timer(&self) -> Option<u64> {
        let ask = (self.asks() && !self.asking).then_some(self.ask_at);
        let subscribe = if let State::Broken { until } = self.subscription { Some(until) } else { None };
        ask.into_iter().chain(subscribe).min()
    }

    /// Whether the server has to be asked.
    fn asks(&self) -> bool {
        !matches!(self.subscription, State::Standing { .. })
    }

    fn lost(&mut self, now: u64, failure: &Failure) {
        if matches!(self.subscription, State::Standing { since } if now >= since + STEADY) {
            self.failures = 0;
        }
        self.failures += 1;
        let until = now + backoff::pause(self.failures, &mut self.chance);
        (self.subscription, self.ask_at) = (State::Broken { until }, now);
        self.say(News::Asked(Some(failure.reason())));
    }

    fn answered(&mut self, now: u64, answer: Result<Vec<Head>, Failure>) {
        self.asking = false;
        self.ask_at = now + PERIOD;
        if !self.asks() {
            // It may be older than what was told meanwhile.
            return;
        }
        let is_reached = !matches!(answer, Err(Failure::Network(_) | Failure::Busy(_)));
        if is_reached && !self.is_reached {
            self.hurry(now);
            self.ask_at = now + PERIOD;
        }
        self.reached(is_reached);
        match answer {
            Ok(heads) => self.told.push(Heard::Heads(heads)),
            Err(Failure::Unauthenticated) => self.told.push(Heard::SignedOut),
            Err(failure) => warn!(%failure, "what is new can't be asked"),
        }
    }

    /// Ends all pauses.
    fn hurry(&mut self, now: u64) {
        self.ask_at = now;
        if let State::Broken { until } = &mut self.subscription {
            *until = now;
            self.failures = 0;
        }
    }

    fn reached(&mut self, is_reached: bool) {
        if self.is_reached != is_reached {
            self.is_reached = is_reached;
            self.told.push(Heard::Network(is_reached));
        }
    }

    fn say(&mut self, news: News) {
        if self.news != news {
            debug!(?news, "how what is new becomes known");
            self.news = news.clone();
            self.told.push(Heard::News(news));
        }
    }
}

/// Watches until `tell` gives false. `woken` is told when the network may have come back.
pub(super) async fn run(transport: Arc<dyn Transport>, woken: Arc<Notify>, seed: u64, tell: impl Fn(Heard) -> bool) {
    let mut watch = Watch::new(seed);
    let mut subscription: Option<Subscription> = None;
    let mut asking: Option<BoxFuture<Result<Vec<Head>, Failure>>> = None;
    let mut events = VecDeque::from([Event::Start]);
    loop {
        while let Some(event) = events.pop_front() {
            let (effects, told) = watch.handle(monotonic_millis(), event);
            if !told.into_iter().all(&tell) {
                return;
            }
            for effect in effects {
                match effect {
                    Effect::Subscribe => {
                        subscription = transport.subscribe();
                        if subscription.is_none() {
                            events.push_back(Event::Unavailable);
                        }
                    }
                    Effect::Ask => asking = Some(transport.heads()),
                }
            }
        }
        let event = {
            let told = pin!(next(&mut subscription));
            let answered = pin!(answer(&mut asking));
            let timer = pin!(until(watch.timer()).map(|()| Event::Timer));
            let woken = pin!(woken.notified().map(|()| Event::Woken));
            first(pin!(first(told, answered)), pin!(first(timer, woken))).await
        };
        match event {
            Event::Lost(_) => subscription = None,
            Event::Answered(_) => asking = None,
            _ => {}
        }
        events.push_back(event);
    }
}

async fn next(subscription: &mut Option<Subscription>) -> Event {
    let Some(subscription) = subscription else { return pending().await };
    match subscription.recv().await {
        Some(Ok(heads)) => Event::Told(heads),
        Some(Err(failure)) => Event::Lost(failure),
        None => Event::Lost(Failure::Network("the connection has ended".into())),
    }
}

async fn answer(asking: &mut Option<BoxFuture<Result<Vec<Head>, Failure>>>) -> Event {
    let Some(asking) = asking else { return pending().await };
    Event::Answered(asking.await)
}

/// What comes first.
async fn first(one: impl Future<Output = Event> + Unpin, other: impl Future<Output = Event> + Unpin) -> Event {
    match select(one, other).await {
        Either::Left((event, _)) | Either::Right((event, _)) => event,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost() -> Event {
        Event::Lost(Failure::Network("cut".into()))
    }

    /// What is done and how often the engine hears of heads.
    fn at(watch: &mut Watch, now: u64, event: Event) -> (Vec<Effect>, Vec<Heard>) {
        watch.handle(now, event)
    }

    fn names(told: &[Heard]) -> Vec<String> {
        let name = |heard: &Heard| match heard {
            Heard::Heads(_) => "heads".to_owned(),
            Heard::Network(up) => format!("network {up}"),
            Heard::News(News::Asked(why)) => format!("asked: {}", why.clone().unwrap_or_default()),
            other => format!("{other:?}"),
        };
        told.iter().map(name).collect()
    }

    #[test]
    fn while_a_subscription_stands_nothing_is_asked_and_no_timer_runs() {
        let mut watch = Watch::new(1);
        assert_eq!(at(&mut watch, 0, Event::Start).0, [Effect::Subscribe]);
        assert_eq!(watch.timer(), Some(GRACE));
        let (effects, told) = at(&mut watch, 100, Event::Told(Vec::new()));
        assert_eq!((effects, names(&told)), (vec![], vec!["News(Told)".to_owned(), "heads".to_owned()]));
        assert_eq!(watch.timer(), None);
        let (effects, told) = at(&mut watch, 900_000, Event::Told(Vec::new()));
        assert_eq!((effects, names(&told)), (vec![], vec!["heads".to_owned()]));
    }

    #[test]
    fn one_that_is_slow_to_stand_is_waited_for_a_while_and_then_the_server_is_asked() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        assert_eq!(at(&mut watch, GRACE - 1, Event::Timer).0, []);
        assert_eq!(at(&mut watch, GRACE, Event::Timer).0, [Effect::Ask]);
        assert_eq!(names(&at(&mut watch, GRACE + 50, Event::Answered(Ok(Vec::new()))).1), ["heads"]);
        assert_eq!(watch.timer(), Some(GRACE + 50 + PERIOD));
        // It stands after all.
        at(&mut watch, GRACE + 60, Event::Told(Vec::new()));
        assert_eq!(watch.timer(), None);
    }

    #[test]
    fn when_it_breaks_the_server_is_asked_at_once_and_it_is_opened_again_ever_later() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        at(&mut watch, 10, Event::Told(Vec::new()));
        let mut now = 20;
        let mut pauses = Vec::new();
        for round in 0..8 {
            let (effects, told) = at(&mut watch, now, lost());
            assert!(effects.contains(&Effect::Ask) || round > 0, "{effects:?}");
            assert_eq!(names(&told), if round == 0 { vec!["asked: cut"] } else { vec![] });
            at(&mut watch, now, Event::Answered(Ok(Vec::new())));
            let State::Broken { until } = watch.subscription else { panic!("{watch:?}") };
            pauses.push(until - now);
            assert!(!at(&mut watch, until - 1, Event::Timer).0.contains(&Effect::Subscribe));
            at(&mut watch, until - 1, Event::Answered(Ok(Vec::new())));
            assert_eq!(at(&mut watch, until, Event::Timer).0, [Effect::Subscribe]);
            now = until;
        }
        assert!(pauses[0] <= 1_000 && pauses[7] >= 60_000, "{pauses:?}");
    }

    #[test]
    fn one_that_stood_long_is_opened_again_soon_and_one_that_breaks_at_once_is_not() {
        let pause_after = |stood: u64| {
            let mut watch = Watch::new(1);
            watch.failures = 6;
            at(&mut watch, 0, Event::Start);
            at(&mut watch, 0, Event::Told(Vec::new()));
            at(&mut watch, stood, lost());
            let State::Broken { until } = watch.subscription else { panic!("{watch:?}") };
            until - stood
        };
        assert!(pause_after(STEADY) <= 1_000);
        assert!(pause_after(10) >= 32_000);
    }

    #[test]
    fn the_network_is_said_to_be_gone_when_neither_way_reaches_the_server() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        assert_eq!(names(&at(&mut watch, 0, lost()).1), ["asked: cut"]);
        assert_eq!(names(&at(&mut watch, 10, Event::Answered(Err(Failure::Busy(503)))).1), ["network false"]);
        assert_eq!(at(&mut watch, 20, Event::Answered(Err(Failure::Busy(503)))).1.len(), 0, "it is said once");
        // It answers again: then the subscription is tried at once.
        let (effects, told) = at(&mut watch, 30, Event::Answered(Ok(Vec::new())));
        assert_eq!((effects, names(&told)), (vec![Effect::Subscribe], vec!["network true".into(), "heads".into()]));
    }

    #[test]
    fn a_subscription_that_stands_shows_that_there_is_a_network() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        at(&mut watch, 0, lost());
        at(&mut watch, 10, Event::Answered(Err(Failure::Network("no route".into()))));
        let told = at(&mut watch, 5_000, Event::Told(Vec::new())).1;
        assert_eq!(names(&told), ["News(Told)", "network true", "heads"]);
    }

    #[test]
    fn an_answer_that_comes_after_what_was_told_is_not_heard() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        assert_eq!(at(&mut watch, GRACE, Event::Timer).0, [Effect::Ask]);
        at(&mut watch, GRACE + 1, Event::Told(Vec::new()));
        assert_eq!(at(&mut watch, GRACE + 2, Event::Answered(Ok(Vec::new()))).1.len(), 0);
        assert_eq!(watch.timer(), None);
    }

    #[test]
    fn a_user_who_is_refused_is_told_so_by_the_answer_that_he_gets() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        let (effects, told) = at(&mut watch, 0, Event::Lost(Failure::Unauthenticated));
        assert_eq!((effects, names(&told)), (vec![Effect::Ask], vec!["asked: it wants you to sign in".to_owned()]));
        assert_eq!(names(&at(&mut watch, 5, Event::Answered(Err(Failure::Unauthenticated))).1), ["SignedOut"]);
    }

    #[test]
    fn a_network_that_may_be_back_is_tried_at_once() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        at(&mut watch, 0, lost());
        at(&mut watch, 10, Event::Answered(Err(Failure::Network("no route".into()))));
        assert_eq!(at(&mut watch, 20, Event::Woken).0, [Effect::Subscribe, Effect::Ask]);
    }

    #[test]
    fn a_way_without_subscriptions_is_asked() {
        let mut watch = Watch::new(1);
        at(&mut watch, 0, Event::Start);
        assert_eq!(at(&mut watch, 0, Event::Unavailable).0, [Effect::Ask]);
        at(&mut watch, 10, Event::Answered(Ok(Vec::new())));
        assert_eq!(watch.timer(), Some(10 + PERIOD));
    }
}
