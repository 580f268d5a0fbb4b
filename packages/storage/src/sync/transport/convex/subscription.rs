//! `sync:heads` as a subscription: what a deployment says by itself.
//!
//! On its WebSocket a client says who it is and what it subscribes to, and then listens. Every text is a JSON object with a `type`.
//! Each `Transition` leads from the version that the client knows to the next one, and holds the answers that have changed. Ours is the
//! only subscription, and nothing else is sent here: what is to be changed is sent over HTTP.

use std::{borrow::Cow, sync::Arc, time::Duration};

use futures::future::{Either, select};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{ErrorData, function_failure, unreadable};
use crate::{
    platform::{random_bits, sleep, spawn, wall_clock},
    sync::{
        event::Failure,
        transport::{Subscription, socket::Sockets},
        wire::Head,
    },
};

/// Which protocol is spoken: the version of Convex's own client that speaks it.
pub(super) const PROTOCOL: &str = "1.48.0";
/// How long a deployment may be silent. It says something every 15 seconds.
const SILENCE: Duration = Duration::from_secs(40);
/// How large a text in pieces may be, in bytes.
const LARGEST: usize = 32 << 20;

/// Opens a subscription. It ends with its connection, with what isn't understood, or when nobody listens.
pub(super) fn subscribe(sockets: &Arc<dyn Sockets>, address: String, token: Option<&str>) -> Subscription {
    let (tell, told) = mpsc::unbounded_channel();
    let mut socket = sockets.open(address, greeting(token, Uuid::from_u64_pair(random_bits(), random_bits())));
    spawn(Box::pin(async move {
        let mut conversation = Conversation::default();
        let lost = loop {
            let nobody_listens = std::pin::pin!(tell.closed());
            let text = std::pin::pin!(async {
                match select(std::pin::pin!(socket.next()), std::pin::pin!(sleep(SILENCE))).await {
                    Either::Left((text, _)) => text,
                    Either::Right(_) => Err(Failure::Network("the server has fallen silent".into())),
                }
            });
            let text = match select(nobody_listens, text).await {
                Either::Left(_) => return,
                Either::Right((text, _)) => text,
            };
            match text.and_then(|text| conversation.hear(&text)) {
                Ok(None) => {}
                Ok(Some(heads)) => {
                    let _nobody_listens = tell.send(Ok(heads));
                }
                Err(failure) => break failure,
            }
        };
        let _nobody_listens = tell.send(Err(lost));
    }));
    told
}

/// What the client says at first, and all that it says. A deployment may be asked to show no older state than one that was seen; that
/// isn't done, since an older number of a workflow's changes leads to nothing.
fn greeting(token: Option<&str>, session: Uuid) -> Vec<String> {
    let connect = json!({
        "type": "Connect",
        "sessionId": session,
        "connectionCount": 0,
        "lastCloseReason": "InitialConnect",
        "clientTs": wall_clock(),
    });
    let authenticate =
        token.map(|token| json!({"type": "Authenticate", "baseVersion": 0, "tokenType": "User", "value": token}));
    let subscription = json!({
        "type": "ModifyQuerySet",
        "baseVersion": 0,
        "newVersion": 1,
        "modifications": [{"type": "Add", "queryId": QUERY, "udfPath": "sync:heads", "args": [{}]}],
    });
    [Some(connect), authenticate, Some(subscription)].iter().flatten().map(Value::to_string).collect()
}

/// The number of our subscription.
const QUERY: u32 = 0;

/// What was said on a connection.
#[derive(Debug)]
struct Conversation {
    version: Version,
    /// A text that comes in pieces.
    pieces: Option<Pieces>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    query_set: u32,
    identity: u32,
    /// 64 bits in base64.
    ts: String,
}

#[derive(Debug)]
struct Pieces {
    of: String,
    text: String,
    count: u32,
    total: u32,
}

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Transition<'a> {
    start_version: Version,
    end_version: Version,
    #[serde(borrow)]
    modifications: Vec<Modification<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Modification<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    query_id: u32,
    #[serde(borrow, default)]
    value: Option<&'a RawValue>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    error_data: Option<ErrorData>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Piece {
    chunk: String,
    part_number: u32,
    total_parts: u32,
    transition_id: String,
}

#[derive(Deserialize)]
struct Fatal {
    error: String,
}

impl Default for Conversation {
    fn default() -> Self {
        Self { version: Version { query_set: 0, identity: 0, ts: "AAAAAAAAAAA=".into() }, pieces: None }
    }
}

impl Conversation {
    /// Hears a text. Gives the heads, if they are new.
    fn hear(&mut self, text: &str) -> Result<Option<Vec<Head>>, Failure> {
        match &*parsed::<Tagged>(text)?.kind {
            "Ping" => Ok(None),
            "Transition" => self.transition(text),
            "TransitionChunk" => self.piece(parsed(text)?),
            "AuthError" => Err(Failure::Unauthenticated),
            "FatalError" => Err(Failure::Refused(parsed::<Fatal>(text)?.error)),
            other => {
                Err(Failure::Refused(format!("its word {:?} is unknown", other.chars().take(40).collect::<String>())))
            }
        }
    }

    fn transition(&mut self, text: &str) -> Result<Option<Vec<Head>>, Failure> {
        let transition: Transition = parsed(text)?;
        if transition.start_version != self.version {
            return Err(Failure::Refused("it leaves something out".into()));
        }
        let mut heads = None;
        for modification in transition.modifications.into_iter().filter(|one| one.query_id == QUERY) {
            match (&*modification.kind, modification.value) {
                ("QueryUpdated", Some(value)) => heads = Some(parsed(value.get())?),
                ("QueryFailed", _) => {
                    return Err(function_failure(modification.error_data, modification.error_message));
                }
                _ => return Err(Failure::Refused("it ends the subscription".into())),
            }
        }
        self.version = transition.end_version;
        Ok(heads)
    }

    /// A large transition comes in pieces, one after the other.
    fn piece(&mut self, piece: Piece) -> Result<Option<Vec<Head>>, Failure> {
        let Piece { chunk, part_number, total_parts, transition_id } = piece;
        let mut pieces = match self.pieces.take() {
            None => Pieces { of: transition_id.clone(), text: String::new(), count: 0, total: total_parts },
            Some(pieces) => pieces,
        };
        let is_next = pieces.of == transition_id && pieces.count == part_number && pieces.total == total_parts;
        if !is_next || part_number >= total_parts || pieces.text.len() + chunk.len() > LARGEST {
            return Err(Failure::Refused("its pieces don't fit together".into()));
        }
        pieces.text.push_str(&chunk);
        pieces.count += 1;
        if pieces.count == pieces.total {
            return self.transition(&pieces.text);
        }
        self.pieces = Some(pieces);
        Ok(None)
    }
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::wire::Role;

    fn version(query_set: u32, ts: &str) -> Value {
        json!({"querySet": query_set, "identity": 0, "ts": ts})
    }

    fn transition(from: &Value, to: &Value, modifications: Value) -> String {
        let rest = json!({"clientClockSkew": null, "serverTs": null});
        json!({"type": "Transition", "startVersion": from, "endVersion": to, "modifications": modifications, "rest": rest})
            .to_string()
    }

    fn start() -> Value {
        version(0, "AAAAAAAAAAA=")
    }

    fn updated(seq: u32) -> Value {
        let head = json!({"workflowId": Uuid::from_u128(7), "seq": f64::from(seq), "gcSeq": 0, "role": "owner"});
        json!([{"type": "QueryUpdated", "queryId": 0, "value": [head], "logLines": [], "journal": null}])
    }

    fn pieces(text: &str, size: usize) -> Vec<String> {
        let chunks: Vec<_> = text.as_bytes().chunks(size).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
        let piece = |(at, chunk): (usize, &&str)| {
            let (part, total) = (at, chunks.len());
            json!({"type": "TransitionChunk", "chunk": chunk, "partNumber": part, "totalParts": total, "transitionId": "t"})
                .to_string()
        };
        chunks.iter().enumerate().map(piece).collect()
    }

    fn seqs(heard: Result<Option<Vec<Head>>, Failure>) -> Option<Vec<u64>> {
        heard.unwrap().map(|heads| heads.iter().map(|head| head.seq).collect())
    }

    fn reason(heard: Result<Option<Vec<Head>>, Failure>) -> String {
        match heard {
            Err(Failure::Refused(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_client_introduces_itself_and_subscribes_before_it_has_heard_anything() {
        let said = |token| -> Vec<Value> {
            greeting(token, Uuid::from_u128(9)).iter().map(|text| serde_json::from_str(text).unwrap()).collect()
        };
        let all = said(Some("secret"));
        assert_eq!(
            all.iter().map(|one| &one["type"]).collect::<Vec<_>>(),
            ["Connect", "Authenticate", "ModifyQuerySet"]
        );
        assert_eq!(all[0]["sessionId"], "00000000-0000-0000-0000-000000000009");
        assert_eq!(all[1], json!({"type": "Authenticate", "baseVersion": 0, "tokenType": "User", "value": "secret"}));
        assert_eq!((&all[2]["baseVersion"], &all[2]["newVersion"]), (&json!(0), &json!(1)));
        let query = json!({"type": "Add", "queryId": 0, "udfPath": "sync:heads", "args": [{}]});
        assert_eq!(all[2]["modifications"], json!([query]));
        let anonymous = said(None);
        assert_eq!(anonymous.iter().map(|one| &one["type"]).collect::<Vec<_>>(), ["Connect", "ModifyQuerySet"]);
    }

    #[test]
    fn each_new_answer_is_heard_and_what_else_changes_is_not() {
        let mut heard = Conversation::default();
        assert_eq!(seqs(heard.hear(r#"{"type":"Ping"}"#)), None);
        let (one, two, three) = (version(1, "AQAAAAAAAAA="), version(1, "AgAAAAAAAAA="), version(1, "AwAAAAAAAAA="));
        let first = updated(5);
        assert_eq!(seqs(heard.hear(&transition(&start(), &one, first))), Some(vec![5]));
        assert_eq!(seqs(heard.hear(&transition(&one, &two, json!([])))), None, "something of somebody else's");
        let heads = heard.hear(&transition(&two, &three, updated(6))).unwrap().unwrap();
        assert_eq!((heads[0].seq, heads[0].role), (6, Role::Owner));
    }

    #[test]
    fn what_comes_in_pieces_is_put_together() {
        let mut heard = Conversation::default();
        let text = transition(&start(), &version(1, "AQAAAAAAAAA="), updated(5));
        let pieces = pieces(&text, 50);
        assert!(pieces.len() > 3);
        let (last, before) = pieces.split_last().unwrap();
        for piece in before {
            assert_eq!(seqs(heard.hear(piece)), None);
        }
        assert_eq!(seqs(heard.hear(last)), Some(vec![5]));
    }

    #[test]
    fn pieces_that_do_not_fit_together_are_refused() {
        let text = transition(&start(), &version(1, "AQAAAAAAAAA="), updated(5));
        let pieces = pieces(&text, 50);
        for wrong in [vec![1], vec![0, 0], vec![0, 2]] {
            let mut heard = Conversation::default();
            let (last, before) = wrong.split_last().unwrap();
            for at in before {
                assert_eq!(seqs(heard.hear(&pieces[*at])), None);
            }
            assert!(reason(heard.hear(&pieces[*last])).contains("pieces"), "{wrong:?}");
        }
        let mut heard = Conversation::default();
        seqs(heard.hear(&pieces[0]));
        let other = pieces[1].replace(r#""transitionId":"t""#, r#""transitionId":"u""#);
        assert!(reason(heard.hear(&other)).contains("pieces"));
    }

    #[test]
    fn a_gap_is_noticed() {
        let mut heard = Conversation::default();
        let (one, two) = (version(1, "AQAAAAAAAAA="), version(1, "AgAAAAAAAAA="));
        assert_eq!(seqs(heard.hear(&transition(&start(), &one, updated(5)))), Some(vec![5]));
        assert!(reason(heard.hear(&transition(&two, &one, updated(6)))).contains("leaves something out"));
    }

    #[test]
    fn a_refused_user_and_a_refused_question_are_told_apart() {
        let mut heard = Conversation::default();
        let refused = r#"{"type":"AuthError","error":"expired","baseVersion":0,"authUpdateAttempted":true}"#;
        assert_eq!(heard.hear(refused), Err(Failure::Unauthenticated));
        let failed = |code: &str| {
            let one = json!({"type": "QueryFailed", "queryId": 0, "errorMessage": "x", "errorData": {"code": code}});
            Conversation::default().hear(&transition(&start(), &version(1, "AQAAAAAAAAA="), json!([one])))
        };
        assert_eq!(failed("UNAUTHENTICATED"), Err(Failure::Unauthenticated));
        assert_eq!(failed("LIMIT"), Err(Failure::Refused("LIMIT".into())));
    }

    #[test]
    fn what_is_not_understood_ends_it_with_the_reason() {
        let hear = |text: &str| reason(Conversation::default().hear(text));
        assert_eq!(hear(r#"{"type":"FatalError","error":"too old"}"#), "too old");
        assert!(hear(r#"{"type":"Quantum"}"#).contains("Quantum"), "what a newer server may say");
        for odd in ["", "[]", "{}", r#"{"type":"Transition"}"#] {
            assert!(hear(odd).contains("can't be read"), "{odd}");
        }
        let odd_value = json!([{"type": "QueryUpdated", "queryId": 0, "value": 7}]);
        assert!(hear(&transition(&start(), &version(1, "AQAAAAAAAAA="), odd_value)).contains("can't be read"));
        let removed = json!([{"type": "QueryRemoved", "queryId": 0}]);
        assert!(hear(&transition(&start(), &version(1, "AQAAAAAAAAA="), removed)).contains("ends the subscription"));
    }
}
