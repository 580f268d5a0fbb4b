//! The address of an original, for as long as it is shown.

use std::{future::Future, rc::Rc};

use dioxus::prelude::*;
use storage::{
    blobs::{Assets, MediaUrl},
    model::AssetId,
};

use crate::store::use_store;

/// The address under which the page finds an original.
#[derive(Clone, Debug, Default)]
pub enum Address {
    /// Nobody wants it.
    #[default]
    None,
    /// It was asked for.
    Asked,
    /// It holds for as long as this exists.
    Here(Rc<MediaUrl>),
    /// Why there is none.
    Gone(String),
}

impl Address {
    /// The address, if there is one.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Here(url) => Some(url.as_str().to_owned()),
            _ => None,
        }
    }

    /// Why there is none, if that is known.
    pub fn failure(&self) -> Option<String> {
        match self {
            Self::Gone(reason) => Some(reason.clone()),
            _ => None,
        }
    }
}

/// The address of an original that is shown while it is `wanted`. It is let go of when it no longer is and when the component goes,
/// so that the browser can forget the bytes. The id must stay the same for as long as the component is mounted.
pub fn use_address(id: AssetId, wanted: bool) -> Signal<Address> {
    use_found(wanted, move |assets| async move { assets.url(id).await })
}

/// The address under which an original can be saved while it is `wanted`, for as long as the component is mounted.
pub fn use_file_address(id: AssetId, wanted: bool) -> Signal<Address> {
    use_found(wanted, move |assets| async move { assets.file_url(id).await })
}

fn use_found<F>(wanted: bool, find: impl Fn(Assets) -> F + Copy + 'static) -> Signal<Address>
where
    F: Future<Output = storage::Result<MediaUrl>> + 'static,
{
    let store = use_store();
    let mut address = use_signal(Address::default);
    use_effect(use_reactive((&wanted,), move |(wanted,)| {
        let now = address.peek().clone();
        match now {
            Address::None | Address::Gone(_) if wanted => {
                address.set(Address::Asked);
                let found = find(store.session().assets().clone());
                spawn(async move {
                    let found = found.await;
                    // Meanwhile nobody may want it any more.
                    if matches!(*address.peek(), Address::Asked) {
                        address.set(match found {
                            Ok(url) => Address::Here(Rc::new(url)),
                            Err(error) => Address::Gone(error.to_string()),
                        });
                    }
                });
            }
            Address::None => {}
            _ if wanted => {}
            _ => address.set(Address::None),
        }
    }));
    address
}
