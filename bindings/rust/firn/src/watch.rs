//! How futures wait: a task for each [`AsyncDb`](crate::AsyncDb) and [`AsyncLog`](crate::AsyncLog) listens to the engine's descriptor and lets all that wait look
//! again. A future that waits holds no thread, and to drop it is all that it takes to end the wait.

use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::task::AbortHandle;

use firn_sys as sys;

use crate::asynchronous::in_pool;
use crate::error::{Error, Result};
use crate::follow::POLL;

/// What can be watched: a database, a log.
pub(crate) trait Watched: Clone + Send + 'static {
    /// The engine's descriptor, as one of the caller's own.
    fn descriptor(&self) -> Result<OwnedFd>;
    /// Whether whoever writes is in another process, and `refresh` shows what he has made.
    fn is_read_only(&self) -> bool;
    /// See [`Db::refresh`](crate::Db::refresh).
    fn refresh(&self) -> Result<()>;
    /// What has to hear of a close.
    fn watches(&self) -> &Watches;
}

/// The watches of a database or log.
#[derive(Default)]
pub(crate) struct Watches(Mutex<Vec<Weak<Shared>>>);

impl Watches {
    fn add(&self, shared: &Arc<Shared>) {
        let mut all = lock(&self.0);
        all.retain(|watch| watch.strong_count() != 0);
        all.push(Arc::downgrade(shared));
    }

    /// After the close: there is nothing more to listen for.
    pub(crate) fn closed(&self) {
        let all = std::mem::take(&mut *lock(&self.0));
        for shared in all.iter().filter_map(Weak::upgrade) {
            shared.stop();
            shared.tell();
        }
    }
}

/// A watch over `W`, for all futures of one runtime. Waiting needs the runtime's drivers for I/O and, of a read-only opening, time.
pub(crate) struct Watch<W: Watched> {
    watched: W,
    is_read_only: bool,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Something may have happened.
    news: Notify,
    /// There is a task that listens.
    is_listening: AtomicBool,
    listener: Mutex<Option<AbortHandle>>,
    /// Somebody syncs on behalf of all.
    is_syncing: AtomicBool,
    /// When a read-only opening was refreshed last.
    refreshed: Mutex<Option<Instant>>,
}

impl Shared {
    fn tell(&self) {
        self.news.notify_waiters();
    }

    fn stop(&self) {
        let listener = lock(&self.listener).take(); // not while the lock is held: the listener may be dropped by it
        if let Some(listener) = listener {
            listener.abort();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<W: Watched> Watch<W> {
    pub(crate) fn new(watched: W) -> Self {
        let shared = Arc::new(Shared::default());
        watched.watches().add(&shared);
        Self { is_read_only: watched.is_read_only(), watched, shared }
    }

    pub(crate) fn watched(&self) -> &W {
        &self.watched
    }

    /// What `look` finds; it looks again whenever something may have happened. `look` has to arm the engine's descriptor where that needs arming.
    pub(crate) async fn wait<T>(&self, mut look: impl FnMut(&W) -> Result<Option<T>>) -> Result<T> {
        if let Some(found) = look(&self.watched)? {
            return Ok(found);
        }
        loop {
            let news = self.news()?;
            if let Some(found) = look(&self.watched)? {
                return Ok(found);
            }
            self.arrive(news).await?;
        }
    }

    /// What happens from now on. To be had before looking, so that nothing falls between.
    fn news(&self) -> Result<Notified<'_>> {
        let news = self.told(); // hears of everything from its making on
        if !self.is_read_only {
            self.listen()?;
        }
        Ok(news)
    }

    /// The end of a sync on behalf of all, of a listener, of the database. Needs no driver.
    pub(crate) fn told(&self) -> Notified<'_> {
        self.shared.news.notified()
    }

    async fn arrive(&self, news: Notified<'_>) -> Result<()> {
        if !self.is_read_only {
            news.await;
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
        if self.is_time_to_refresh() {
            let watched = self.watched.clone();
            in_pool(move || watched.refresh()).await?;
        }
        Ok(())
    }

    /// Of many that wait, one refreshes for all.
    fn is_time_to_refresh(&self) -> bool {
        let (mut last, now) = (lock(&self.shared.refreshed), Instant::now());
        let is_time = last.is_none_or(|last| now.duration_since(last) >= POLL);
        if is_time {
            *last = Some(now);
        }
        is_time
    }

    /// The right to sync on behalf of all that wait, unless somebody has it.
    pub(crate) fn begin_sync(&self) -> Option<SyncTurn> {
        (!self.shared.is_syncing.swap(true, Ordering::AcqRel)).then(|| SyncTurn(Arc::clone(&self.shared)))
    }

    /// Sees to it that a task listens. A task of an earlier runtime has told its end.
    fn listen(&self) -> Result<()> {
        if self.shared.is_listening.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let over = Over(Arc::clone(&self.shared)); // from here on an end is told
        let failed = |error| Error::explained(sys::FIRN_IO, format!("the descriptor cannot be waited for: {error}"));
        // Both, for every signal is an event that nobody can take away then: an eventfd can always be written to, and so an edge is reported also where
        // somebody has read it since. Nor is it read here, which would take it away from others.
        #[allow(deprecated)] // of what tokio 1.40 has; the safety that it lacks is in an OwnedFd
        let edges = AsyncFd::with_interest(self.watched.descriptor()?, Interest::READABLE | Interest::WRITABLE).map_err(failed)?;
        let listener = tokio::spawn(listen(edges, over)).abort_handle();
        if listener.is_finished() {
            return Err(Error::new(sys::FIRN_CANCELLED, "the runtime was shut down"));
        }
        *lock(&self.shared.listener) = Some(listener);
        Ok(())
    }
}

impl<W: Watched + fmt::Debug> fmt::Debug for Watch<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.watched.fmt(f)
    }
}

impl<W: Watched> Drop for Watch<W> {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

async fn listen(edges: AsyncFd<OwnedFd>, over: Over) {
    while let Ok(mut edge) = edges.ready(Interest::READABLE | Interest::WRITABLE).await {
        edge.clear_ready();
        over.0.tell();
    }
}

/// The end of a listener, whatever ends it. Who waits is told and, where his own runtime goes on, finds that he has to listen.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.is_listening.store(false, Ordering::Release);
        self.0.tell();
    }
}

/// While it lives nobody else syncs; see [`Watch::begin_sync`].
pub(crate) struct SyncTurn(Arc<Shared>);

impl Drop for SyncTurn {
    fn drop(&mut self) {
        self.0.is_syncing.store(false, Ordering::Release);
        self.0.tell();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    /// Never has anything to say.
    #[derive(Clone)]
    struct Silent(Arc<Watches>);

    impl Watched for Silent {
        fn descriptor(&self) -> Result<OwnedFd> {
            let (near, far) = UnixStream::pair().unwrap();
            std::mem::forget(far); // its end would be an event
            Ok(near.into())
        }

        fn is_read_only(&self) -> bool {
            false
        }

        fn refresh(&self) -> Result<()> {
            Ok(())
        }

        fn watches(&self) -> &Watches {
            &self.0
        }
    }

    #[tokio::test]
    #[cfg_attr(miri, ignore)] // it waits in the kernel
    async fn what_happens_while_it_looks_is_heard() {
        let watch = Watch::new(Silent(Arc::default()));
        let (mut looks, shared) = (0, Arc::clone(&watch.shared));
        let look = |_: &Silent| {
            looks += 1;
            // Too late for this look. The listener's own beginning is not news any more by the tenth.
            if looks >= 10 {
                return Ok(Some(looks));
            }
            shared.tell();
            Ok(None)
        };
        let found = tokio::time::timeout(Duration::from_secs(60), watch.wait(look)).await;
        assert_eq!(found.expect("it waits for ever").unwrap(), 10);
    }
}
