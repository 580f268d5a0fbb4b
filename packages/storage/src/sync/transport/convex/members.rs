//! Who may do what with a workflow on the server.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Convex, Kind};
use crate::{
    BoxFuture,
    model::WorkflowId,
    sync::{event::Failure, wire::Role},
};

/// A member of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The text by which the server knows the user.
    pub user: String,
    /// What the user may do.
    pub role: Role,
}

#[derive(Deserialize)]
struct Me {
    user: String,
}

impl Convex {
    /// The text by which the server knows the caller.
    pub fn me(&self) -> BoxFuture<Result<String, Failure>> {
        let asked = self.call::<_, Me>(Kind::Query, "members:me", &json!({}));
        Box::pin(async move { Ok(asked.await?.user) })
    }

    /// The members of a workflow.
    pub fn members(&self, workflow: WorkflowId) -> BoxFuture<Result<Vec<Member>, Failure>> {
        self.call(Kind::Query, "members:list", &json!({"workflowId": workflow}))
    }

    /// Makes a user a member, or gives a member another role. For the owner.
    pub fn invite(&self, workflow: WorkflowId, user: &str, role: Role) -> BoxFuture<Result<(), Failure>> {
        self.call(Kind::Mutation, "members:invite", &json!({"workflowId": workflow, "user": user, "role": role}))
    }

    /// Ends a membership: the owner anybody's, everybody else his own.
    pub fn remove_member(&self, workflow: WorkflowId, user: &str) -> BoxFuture<Result<(), Failure>> {
        self.call(Kind::Mutation, "members:remove", &json!({"workflowId": workflow, "user": user}))
    }
}
