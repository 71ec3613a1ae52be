//! The one place where accounts are looked at and changed.

use std::fmt;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Options;
use super::accounts::Accounts;

type Errand = Box<dyn FnOnce(&mut Accounts) + Send>;

/// The way to the desk; cheap to clone. The desk ends after the last of them.
///
/// The queue behind it has no limit of its own: every connection waits for the answer before it
/// asks again, and tells something once, at its end.
#[derive(Clone)]
pub(super) struct Door {
    errands: mpsc::UnboundedSender<Errand>,
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl Door {
    /// Has `errand` done, after all that were brought before it; what comes of it, or `None` when
    /// the server has stopped. It is done also when nobody waits for it any more.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut Accounts) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.tell(move |accounts| {
            // Whoever is gone meanwhile needs no answer.
            let _ = answer.send(errand(accounts));
        });
        answered.await.ok()
    }

    /// Has `errand` done, after all that were brought before it. Never waits.
    pub(super) fn tell(&self, errand: impl FnOnce(&mut Accounts) + Send + 'static) {
        // The desk ends only after the last door, or with the whole server.
        let _ = self.errands.send(Box::new(errand));
    }
}

/// Starts the desk as a task that ends after the last [`Door`].
pub(super) fn start(options: &Options) -> (Door, JoinHandle<()>) {
    let (errands, mut queue) = mpsc::unbounded_channel::<Errand>();
    let mut accounts = Accounts::new(options.limits, options.log.clone());
    accounts.faults = options.faults;
    let desk = tokio::spawn(async move {
        while let Some(errand) = queue.recv().await {
            errand(&mut accounts);
            // Nobody waits for one client, unless the server is told otherwise.
            if let Some(time) = accounts.stall.take() {
                sleep(time).await;
            }
        }
    });
    (Door { errands }, desk)
}
