//! The engine: hears, decides, and does nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Changed, Effect, Event, Fetching, MediaProblem, MediaStatus, Referred};
use crate::{
    model::{AssetId, WorkflowId},
    sync::{
        backoff::{self, Chance},
        event::Failure,
        transport::media::Found,
        wire::Role,
    },
};

/// How many contents are asked for at once, at most.
pub const BATCH: usize = 200;
/// How many are on their way to the server at once, at most.
const UPLOADS: usize = 2;
/// How many are on their way here at once, at most.
const FETCHES: usize = 3;

/// One content, whatever it is called.
#[derive(Debug, Default)]
struct Content {
    /// What nodes call it.
    ids: BTreeSet<AssetId>,
    workflows: BTreeSet<WorkflowId>,
    bytes: u64,
    /// Under which id it is kept here.
    kept: Option<AssetId>,
    is_remembered: bool,
    server: Server,
    is_wanted: bool,
    work: Work,
    /// How many bytes of it have gone, while it is sent.
    gone: u64,
    failures: u32,
    retry_at: u64,
    /// Why it is not tried any more until somebody wants it.
    problem: Option<(bool, String)>,
}

/// What is known of the server's copy.
#[derive(Debug, Default, PartialEq)]
enum Server {
    #[default]
    Unknown,
    /// The call with this number asks.
    Asked(u64),
    Absent,
    Has(Box<Found>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Work {
    #[default]
    None,
    Uploading,
    Fetching,
}

/// Decides which originals are sent and fetched, and when. Times are milliseconds of any clock that doesn't run backwards.
#[derive(Debug)]
pub struct MediaEngine {
    chance: Chance,
    now: u64,
    leads: bool,
    keeps_all: bool,
    listed: BTreeMap<WorkflowId, Role>,
    contents: BTreeMap<String, Content>,
    /// Failures of the way to the server, whatever was on it.
    failures: u32,
    retry_at: u64,
    requests: u64,
    sent: (usize, u64),
    news: u64,
    timer: Option<u64>,
    said: MediaStatus,
    out: Vec<Effect>,
}

impl MediaEngine {
    /// An engine that knows of nothing.
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Chance::new(seed),
            now: 0,
            leads: false,
            keeps_all: false,
            listed: BTreeMap::new(),
            contents: BTreeMap::new(),
            failures: 0,
            retry_at: 0,
            requests: 0,
            sent: (0, 0),
            news: 0,
            timer: None,
            said: MediaStatus::default(),
            out: Vec::new(),
        }
    }

    /// Hears what happened and says what is to be done, in that order.
    pub fn handle(&mut self, now: u64, event: Event) -> Vec<Effect> {
        self.now = self.now.max(now);
        match event {
            Event::Lead => self.leads = true,
            Event::Listed(listed) => self.listed(listed),
            Event::Referred(all) => all.into_iter().for_each(|one| self.referred(one)),
            Event::Answered { request, answer } => self.answered(request, answer),
            Event::Sending { hash, bytes } => {
                if let Some(content) = self.contents.get_mut(&hash).filter(|content| content.work == Work::Uploading) {
                    content.gone = bytes.min(content.bytes);
                }
            }
            Event::Uploaded { hash, answer } => self.uploaded(&hash, answer),
            Event::Fetched { hash, answer } => self.fetched(&hash, answer),
            Event::Wanted(id) => self.wanted(id),
            Event::KeepAll(all) => self.keeps_all = all,
            Event::Retry => self.retry(),
            Event::Learned => self.news += 1,
            Event::Changed(all) => all.into_iter().for_each(|one| self.changed(one)),
            Event::Timer => self.timer = None,
        }
        self.advance()
    }

    /// How it goes.
    pub fn status(&self) -> MediaStatus {
        let mut status =
            MediaStatus { sent: self.sent.0, sent_bytes: self.sent.1, news: self.news, ..MediaStatus::default() };
        for content in self.contents.values() {
            let Some(first) = content.ids.first().copied() else { continue };
            if let Some((is_upload, reason)) = &content.problem {
                status.problems.push(MediaProblem { asset: first, is_upload: *is_upload, reason: reason.clone() });
            }
            let is_to_send =
                content.work == Work::Uploading || (content.server == Server::Absent && self.may_send(content));
            if content.kept.is_some() && content.problem.is_none() && self.leads && is_to_send {
                status.to_send += 1;
                status.to_send_bytes += content.bytes;
                status.under_way_bytes += content.gone;
            }
            if content.kept.is_some() {
                continue;
            }
            if matches!(content.server, Server::Has(_)) {
                status.elsewhere += 1;
                status.elsewhere_bytes += content.bytes;
            }
            let fetching = match (&content.problem, content.work) {
                (Some((_, reason)), _) => Fetching::Failed(reason.clone()),
                (None, Work::Fetching) => Fetching::UnderWay,
                _ if content.is_wanted => Fetching::Waiting,
                _ => continue,
            };
            status.fetches.extend(content.ids.iter().map(|id| (*id, fetching.clone())));
        }
        status
    }

    /// Whether there is a content that nodes refer to and that isn't here.
    pub fn lacks_any(&self) -> bool {
        self.contents.values().any(|content| content.kept.is_none())
    }

    /// Whether a content that is here belongs to a workflow that the user may change on the server.
    fn may_send(&self, content: &Content) -> bool {
        content.workflows.iter().any(|one| self.listed.get(one).is_some_and(|role| *role != Role::Viewer))
    }

    fn listed(&mut self, listed: BTreeMap<WorkflowId, Role>) {
        // What was not there for a stranger may be for a member.
        let is_new = |one: &WorkflowId| self.listed.get(one) != listed.get(one);
        for content in self.contents.values_mut() {
            if content.server == Server::Absent && content.workflows.iter().any(is_new) {
                content.server = Server::Unknown;
            }
        }
        self.listed = listed;
    }

    fn referred(&mut self, one: Referred) {
        let content = self.contents.entry(one.hash).or_default();
        let is_new = content.ids.insert(one.id);
        let is_elsewhere = content.workflows.insert(one.workflow);
        content.bytes = content.bytes.max(one.bytes);
        content.kept = one.kept.or(content.kept);
        content.is_remembered = if is_new { one.is_remembered } else { content.is_remembered || one.is_remembered };
        if is_elsewhere && content.server == Server::Absent {
            // Another member of that workflow may have brought it.
            content.server = Server::Unknown;
        }
        match content.kept {
            Some(kept) if kept != one.id && is_new => self.out.push(Effect::Alias { id: one.id, kept }),
            None if !content.is_remembered => {
                if let Server::Has(found) = &content.server {
                    let remote = Box::new(found.remote.clone());
                    self.out.push(Effect::Remember { ids: vec![one.id], remote });
                    content.is_remembered = true;
                }
            }
            _ => {}
        }
    }

    fn changed(&mut self, Changed { id, kept }: Changed) {
        let Some((hash, kept)) = kept else {
            // How it looks, or that it is kept under another id.
            self.news += u64::from(self.contents.values().any(|content| content.ids.contains(&id)));
            return;
        };
        let Some(content) = self.contents.get_mut(&hash) else { return };
        self.news += 1;
        if content.kept.is_none() {
            // Another tab has fetched it, or the user has added it.
            (content.failures, content.retry_at, content.is_wanted) = (0, 0, false);
            (content.kept, content.problem) = (Some(kept), None);
            let others = content.ids.iter().filter(|id| **id != kept);
            self.out.extend(others.map(|id| Effect::Alias { id: *id, kept }));
        }
    }

    fn answered(&mut self, request: u64, answer: Result<Vec<Found>, Failure>) {
        let asked = self.contents.iter_mut().filter(|(_, content)| content.server == Server::Asked(request));
        match answer {
            Ok(found) => {
                let mut found: BTreeMap<_, _> = found.into_iter().map(|one| (one.remote.hash.clone(), one)).collect();
                for (hash, content) in asked {
                    let Some(found) = found.remove(hash) else {
                        content.server = Server::Absent;
                        if content.kept.is_none() {
                            // Whoever has it has not sent it yet.
                            content.failures += 1;
                            content.retry_at = self.now + 2 * backoff::pause(content.failures, &mut self.chance);
                        }
                        continue;
                    };
                    content.bytes = found.remote.bytes;
                    if content.kept.is_none() {
                        (content.failures, content.retry_at) = (0, 0);
                        if !content.is_remembered {
                            let ids = content.ids.iter().copied().collect();
                            self.out.push(Effect::Remember { ids, remote: Box::new(found.remote.clone()) });
                            content.is_remembered = true;
                        }
                    }
                    content.server = Server::Has(Box::new(found));
                }
                self.reached();
            }
            Err(failure) => {
                for (_, content) in asked {
                    content.server = Server::Unknown;
                    if let Failure::Refused(_) = failure {
                        // Not a member any more, or another version: asked again much later.
                        content.failures += 4;
                        content.retry_at = self.now + backoff::pause(content.failures, &mut self.chance);
                    }
                }
                self.failed(&failure);
            }
        }
    }

    fn uploaded(&mut self, hash: &str, answer: Result<(), Failure>) {
        let Some(content) = self.contents.get_mut(hash).filter(|content| content.work == Work::Uploading) else {
            return;
        };
        (content.work, content.gone) = (Work::None, 0);
        match answer {
            Ok(()) => {
                (content.failures, content.retry_at) = (0, 0);
                // It is there. Where, nobody here needs to know.
                content.server = Server::Has(Box::new(Found::nowhere(hash)));
                self.sent = (self.sent.0 + 1, self.sent.1 + content.bytes);
                self.reached();
            }
            Err(failure) => self.failed_one(hash, true, &failure),
        }
    }

    fn fetched(&mut self, hash: &str, answer: Result<AssetId, Failure>) {
        let Some(content) = self.contents.get_mut(hash).filter(|content| content.work == Work::Fetching) else {
            return;
        };
        content.work = Work::None;
        match answer {
            Ok(kept) => {
                (content.failures, content.retry_at, content.is_wanted) = (0, 0, false);
                content.kept = Some(kept);
                let others = content.ids.iter().filter(|id| **id != kept);
                self.out.extend(others.map(|id| Effect::Alias { id: *id, kept }));
                self.news += 1;
                self.reached();
            }
            Err(failure) => {
                // The address may have changed.
                content.server = Server::Unknown;
                self.failed_one(hash, false, &failure);
            }
        }
    }

    fn wanted(&mut self, id: AssetId) {
        for content in self.contents.values_mut().filter(|content| content.ids.contains(&id) && content.kept.is_none())
        {
            content.is_wanted = true;
            content.problem = None;
            (content.failures, content.retry_at) = (0, 0);
            if content.server == Server::Absent {
                content.server = Server::Unknown;
            }
        }
    }

    fn retry(&mut self) {
        (self.failures, self.retry_at) = (0, 0);
        for content in self.contents.values_mut() {
            (content.failures, content.retry_at, content.problem) = (0, 0, None);
            if content.server == Server::Absent && content.kept.is_none() {
                content.server = Server::Unknown;
            }
        }
    }

    fn reached(&mut self) {
        (self.failures, self.retry_at) = (0, 0);
    }

    /// The way to the server failed.
    fn failed(&mut self, failure: &Failure) {
        // Several calls may fail of one cause.
        if !matches!(failure, Failure::Refused(_)) && self.retry_at <= self.now {
            self.failures += 1;
            self.retry_at = self.now + backoff::pause(self.failures, &mut self.chance);
        }
    }

    /// One content failed, and it may be its own fault.
    fn failed_one(&mut self, hash: &str, is_upload: bool, failure: &Failure) {
        if let Some(content) = self.contents.get_mut(hash) {
            content.failures += 1;
            content.retry_at = self.now + backoff::pause(content.failures, &mut self.chance);
            if let Failure::Refused(reason) = failure {
                content.problem = Some((is_upload, reason.clone()));
            }
        }
        self.failed(failure);
    }

    /// Starts what can be started, and gives everything that is to be done.
    fn advance(&mut self) -> Vec<Effect> {
        let mut wake = None;
        self.start(&mut wake);
        if wake != self.timer {
            self.timer = wake;
            self.out.push(Effect::Timer(wake));
        }
        let status = self.status();
        if status != self.said {
            self.said = status;
            self.out.push(Effect::Tell);
        }
        std::mem::take(&mut self.out)
    }

    fn start(&mut self, wake: &mut Option<u64>) {
        let mut later = |at: u64| *wake = Some(wake.map_or(at, |wake| wake.min(at)));
        let now = self.now;
        if self.retry_at > now {
            return later(self.retry_at);
        }
        let (leads, keeps_all) = (self.leads, self.keeps_all);
        let count =
            |contents: &BTreeMap<String, Content>, work| contents.values().filter(|one| one.work == work).count();
        let mut uploads = UPLOADS.saturating_sub(count(&self.contents, Work::Uploading));
        let mut fetches = FETCHES.saturating_sub(count(&self.contents, Work::Fetching));
        let is_asking = self.contents.values().any(|one| matches!(one.server, Server::Asked(_)));
        let mut ask: Option<(WorkflowId, Vec<String>)> = None;
        for (hash, content) in &mut self.contents {
            let is_of_use = leads || content.is_wanted;
            if content.work != Work::None || content.problem.is_some() || !is_of_use {
                continue;
            }
            let Some(workflow) = content.workflows.iter().find(|one| self.listed.contains_key(*one)) else { continue };
            let can_change = |one: &WorkflowId| self.listed.get(one).is_some_and(|role| *role != Role::Viewer);
            let is_missing = content.kept.is_none();
            let is_due = match &content.server {
                Server::Unknown => true,
                Server::Asked(_) => continue,
                Server::Absent => is_missing || content.workflows.iter().any(can_change),
                Server::Has(_) => is_missing && (content.is_wanted || keeps_all),
            };
            if !is_due {
                continue;
            }
            if content.retry_at > now {
                later(content.retry_at);
                continue;
            }
            match (&content.server, content.kept) {
                (Server::Absent, Some(kept)) => {
                    if uploads > 0 {
                        uploads -= 1;
                        content.work = Work::Uploading;
                        self.out.push(Effect::Upload { hash: hash.clone(), kept });
                    }
                }
                (Server::Has(found), None) => {
                    if let (Some(id), true) = (content.ids.first(), fetches > 0) {
                        fetches -= 1;
                        content.work = Work::Fetching;
                        self.out.push(Effect::Fetch { found: (**found).clone(), id: *id });
                    }
                }
                _ if is_asking => {}
                _ => {
                    let (of, hashes) = ask.get_or_insert_with(|| (*workflow, Vec::new()));
                    if (*of == *workflow || content.workflows.contains(of)) && hashes.len() < BATCH {
                        hashes.push(hash.clone());
                        content.server = Server::Asked(self.requests + 1);
                    }
                }
            }
        }
        if let Some((workflow, hashes)) = ask {
            self.requests += 1;
            self.out.push(Effect::Ask { request: self.requests, workflow, hashes });
        }
    }
}
