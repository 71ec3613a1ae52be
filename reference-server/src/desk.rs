//! The one place where a state that many connections share is looked at and changed.

use std::fmt;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep;

type Errand<S> = Box<dyn FnOnce(&mut S) + Send>;

/// What is brought to the desk.
enum Brought<S> {
    Errand(Errand<S>),
    /// Everybody waits for so long.
    Pause(Duration),
}

/// The way to the desk; cheap to clone. The desk ends after the last of them.
///
/// The queue behind it has no limit of its own: every connection waits for the answer before it
/// asks again, and tells something once, at its end.
pub(crate) struct Door<S> {
    errands: mpsc::UnboundedSender<Brought<S>>,
}

impl<S> Clone for Door<S> {
    fn clone(&self) -> Self {
        Self {
            errands: self.errands.clone(),
        }
    }
}

impl<S> fmt::Debug for Door<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").finish_non_exhaustive()
    }
}

impl<S: Send + 'static> Door<S> {
    /// Has `errand` done, after all that were brought before it; what comes of it, or `None` when
    /// the server has stopped. It is done also when nobody waits for it any more.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.tell(move |state| {
            // Whoever is gone meanwhile needs no answer.
            let _ = answer.send(errand(state));
        });
        answered.await.ok()
    }

    /// Has `errand` done, after all that were brought before it. Never waits.
    pub(crate) fn tell(&self, errand: impl FnOnce(&mut S) + Send + 'static) {
        // The desk ends only after the last door, or with the whole server.
        let _ = self.errands.send(Brought::Errand(Box::new(errand)));
    }

    /// Lets everybody wait for so long, in a server that is told to.
    pub(crate) fn hold_up(&self, time: Duration) {
        let _ = self.errands.send(Brought::Pause(time));
    }
}

/// Starts the desk as a task that ends after the last [`Door`].
pub(crate) fn start<S: Send + 'static>(mut state: S) -> (Door<S>, JoinHandle<()>) {
    let (errands, mut queue) = mpsc::unbounded_channel::<Brought<S>>();
    let desk = tokio::spawn(async move {
        while let Some(brought) = queue.recv().await {
            match brought {
                Brought::Errand(errand) => errand(&mut state),
                Brought::Pause(time) => sleep(time).await,
            }
        }
    });
    (Door { errands }, desk)
}
