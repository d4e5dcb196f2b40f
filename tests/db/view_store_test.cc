// The view store: a retired view lives as long as a marked thread or a snapshot may look at it, and no longer.
#include "db/view_store.h"

#include <thread>

#include "db/db_fixture.h"
#include "db/transaction.h"

namespace firn {
namespace {

class ViewStoreTest : public testing::Test {
 protected:
  // A view, and what tells whether it is still there.
  static std::unique_ptr<ReadView> new_view(std::weak_ptr<const Version>* witness) {
    auto version = std::make_shared<Version>();
    *witness = version;
    return std::make_unique<ReadView>(nullptr, std::vector<std::shared_ptr<Memtable>>(), std::move(version),
                                      std::make_shared<NamespaceCatalog>());
  }

  ViewStore* const store_ = ViewStore::acquire();
  std::atomic<uint64_t> visible_{7};
  std::weak_ptr<const Version> first_;
  std::weak_ptr<const Version> second_;
};

TEST_F(ViewStoreTest, ARetiredViewThatNobodyUsesGoes) {
  store_->publish(new_view(&first_));
  store_->publish(new_view(&second_));
  EXPECT_EQ(1u, store_->retired_count());
  store_->reclaim();
  EXPECT_EQ(0u, store_->retired_count());
  EXPECT_TRUE(first_.expired());
  EXPECT_FALSE(second_.expired());
  store_->release();
  EXPECT_TRUE(second_.expired());
}

TEST_F(ViewStoreTest, AMarkedThreadKeepsTheViewThatItMayBeLookingAt) {
  store_->publish(new_view(&first_));
  {
    const ThreadMark mark;
    const ReadView* view = store_->current();
    store_->publish(new_view(&second_));
    store_->reclaim();
    EXPECT_FALSE(first_.expired());
    EXPECT_EQ(first_.lock(), view->version());
  }
  store_->reclaim();
  EXPECT_TRUE(first_.expired());
  store_->release();
}

TEST_F(ViewStoreTest, ASnapshotKeepsItsViewAndGivesItBack) {
  store_->publish(new_view(&first_));
  {
    Snapshot snapshot;
    {
      const ThreadMark mark;
      snapshot = store_->snapshot(visible_, 99);
    }
    EXPECT_EQ(Seq{7}, snapshot.seq());
    EXPECT_EQ(99, snapshot.now_ms());
    store_->publish(new_view(&second_));
    store_->reclaim();
    EXPECT_FALSE(first_.expired());
    Snapshot moved = std::move(snapshot);
    EXPECT_EQ(nullptr, snapshot.view());  // NOLINT: what moving leaves is part of the contract
    store_->reclaim();
    EXPECT_FALSE(first_.expired());
  }
  EXPECT_TRUE(first_.expired()) << "giving it back reclaims";
  store_->release();
}

TEST_F(ViewStoreTest, WhatACallElsewhereKeptAtTheCloseGoesWithTheNextOpening) {
  store_->publish(new_view(&first_));
  {
    const ThreadMark mark;  // of a call on another database
    store_->release();
    EXPECT_FALSE(first_.expired());
  }
  ViewStore* const other = ViewStore::acquire();
  EXPECT_TRUE(first_.expired());
  other->release();
}

TEST_F(ViewStoreTest, WithAWorkerGivingASnapshotBackFreesNothing) {
  store_->publish(new_view(&first_));
  store_->leave_to_worker();
  std::optional<Snapshot> snapshot;
  const auto take = [&] {
    const ThreadMark mark;
    snapshot = store_->snapshot(visible_, 0);
  };
  take();
  store_->publish(new_view(&second_));
  snapshot.reset();
  EXPECT_FALSE(first_.expired());
  store_->reclaim();
  EXPECT_TRUE(first_.expired());
  take();
  store_->release();
  EXPECT_FALSE(second_.expired());
  snapshot.reset();
  EXPECT_TRUE(second_.expired()) << "the worker has gone with the database";
}

TEST_F(ViewStoreTest, ASnapshotMayOutliveItsStore) {
  store_->publish(new_view(&first_));
  std::optional<Snapshot> snapshot;
  {
    const ThreadMark mark;
    snapshot = store_->snapshot(visible_, 0);
  }
  store_->release();
  EXPECT_FALSE(first_.expired());
  ViewStore* const other = ViewStore::acquire();
  EXPECT_EQ(store_, other) << "a store is used again, never freed";
  other->publish(new_view(&second_));
  std::thread([&] { snapshot.reset(); }).join();  // on another thread, too
  EXPECT_TRUE(first_.expired());
  EXPECT_FALSE(second_.expired());
  other->release();
}

TEST_F(ViewStoreTest, ReadersAndAPublisherBesideOneAnotherNeverMeetAFreedView) {
  store_->publish(new_view(&first_));
  std::atomic<bool> is_done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; i++) {
    readers.emplace_back([&] {
      while (!is_done) {
        const ThreadMark mark;
        const ReadView* view = store_->current();
        EXPECT_TRUE(view->version()->runs.empty());
        const Snapshot snapshot = store_->snapshot(visible_, 0);
        EXPECT_TRUE(snapshot.view()->sealed().empty());
      }
    });
  }
  for (int i = 0; i < 2000; i++) {
    store_->publish(new_view(&first_));
    store_->reclaim();
  }
  is_done = true;
  for (auto& reader : readers) reader.join();
  store_->reclaim();
  EXPECT_EQ(0u, store_->retired_count());
  store_->release();
}

class SnapshotTest : public DbTest {};

TEST_F(SnapshotTest, OfADatabaseIsReadableAfterItsClose) {
  open();
  put("key", "value");
  ASSERT_TRUE(flush().ok());
  put("other", "in the memtable");
  Snapshot flushed;
  Snapshot unflushed;
  Entry entry;
  Entry other;
  {
    const ThreadMark mark;
    ASSERT_TRUE(db_->pin(0, Slice("key"), &flushed, &entry).ok());
    ASSERT_TRUE(db_->pin(0, Slice("other"), &unflushed, &other).ok());
  }
  close();
  std::filesystem::remove_all(path());
  EXPECT_EQ("value", entry.value.to_string());
  EXPECT_EQ("in the memtable", other.value.to_string());
}

TEST_F(SnapshotTest, SeesNothingOfWhatCameLater) {
  open("memtable_bytes=4KiB");
  put("key", "before");
  put("gone", "before");
  Snapshot snapshot;
  {
    const ThreadMark mark;
    snapshot = db_->snapshot();
  }
  for (int i = 0; i < 300; i++) put("key", "after " + std::to_string(i) + std::string(100, '.'));
  {
    const ThreadMark mark;
    Operation operation = put_of("gone", "");
    operation.kind = EntryKind::kDelete;
    ASSERT_TRUE(db_->write(&operation, 1, {}).ok());
  }
  put("new", "after");
  ASSERT_TRUE(compact().ok());
  EXPECT_EQ("none", get("gone"));
  const ThreadMark mark;
  const auto iterator = db_->new_iterator(snapshot, 0);
  ASSERT_TRUE(iterator.ok());
  std::string seen;
  for ((*iterator)->seek_to_first(); (*iterator)->valid(); (*iterator)->next()) {
    seen += (*iterator)->entry().key.user.to_string() + "=" + (*iterator)->entry().value.to_string() + " ";
  }
  EXPECT_EQ("gone=before key=before ", seen);
}

// Its number is 0, which is no number of a commit, and not "all" either.
TEST_F(SnapshotTest, OfAnEmptyDatabaseStaysEmpty) {
  open();
  const ThreadMark mark;
  const Snapshot snapshot = db_->snapshot();
  const auto transaction = db_->begin({.read_only = true});
  put("key", "later");
  const auto iterator = db_->new_iterator(snapshot, 0);
  ASSERT_TRUE(iterator.ok());
  (*iterator)->seek_to_first();
  EXPECT_FALSE((*iterator)->valid());
  Entry entry;
  EXPECT_EQ(Code::kNotFound, transaction->find(0, Slice("key"), &entry).code());
}

}  // namespace
}  // namespace firn
