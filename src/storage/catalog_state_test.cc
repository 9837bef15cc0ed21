#include "storage/catalog_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::storage {
namespace {

using testing::ElementsAre;

CatalogObject Object(uint32_t id, ObjectKind kind, std::string name,
                     std::vector<ObjectId> depends_on = {}) {
  CatalogObject object;
  object.id = ObjectId{id};
  object.schema_id = kind == ObjectKind::kSchema ? kInvalidObjectId : kPublicSchemaId;
  object.kind = kind;
  object.name = std::move(name);
  object.depends_on = std::move(depends_on);
  return object;
}

CatalogChange Put(CatalogObject object) {
  return CatalogChange::Put(std::make_shared<const CatalogObject>(std::move(object)));
}
CatalogChange PutView(uint32_t id, std::string name, std::vector<ObjectId> depends_on = {}) {
  return Put(Object(id, ObjectKind::kView, std::move(name), std::move(depends_on)));
}

CatalogStatePtr MustApply(const CatalogStatePtr& state, std::vector<CatalogChange> changes,
                          uint64_t commit = 1) {
  auto next = state->Apply(changes, CommitNumber{commit});
  EXPECT_TRUE(next.ok()) << next.status();
  return *next;
}

StatusCode CodeOf(const CatalogStatePtr& state, std::vector<CatalogChange> changes) {
  return state->Apply(changes, CommitNumber{9}).status().code();
}

std::vector<std::string> Names(const CatalogReader& catalog, ObjectKind kind,
                               ObjectId schema = kPublicSchemaId) {
  std::vector<std::string> names;
  catalog.ForEach(schema, kind,
                  [&](const CatalogObjectPtr& object) { names.push_back(object->name); });
  return names;
}

TEST(CatalogStateTest, EmptyDatabaseHasBuiltInSchemasAndTelemetryTables) {
  const CatalogState& state = *CatalogState::Builtin();
  EXPECT_THAT(Names(state, ObjectKind::kSchema, kInvalidObjectId),
              ElementsAre("metrics", "luma", "luma_storage", "public"));
  EXPECT_THAT(
      Names(state, ObjectKind::kTable, kLumaSchemaId),
      ElementsAre("series", "samples", "rollups", "histograms", "exemplars", "start_times"));
  EXPECT_EQ(state.FindSchema("PUBLIC")->id, kPublicSchemaId);
  EXPECT_EQ(state.Find(kSamplesTableId)->table->FindColumn("ts")->physical_type,
            PhysicalType::kInt64);
  EXPECT_EQ(state.size(), 10u);
}

TEST(CatalogStateTest, NamesIgnoreCaseAndKeepTheirSpelling) {
  const CatalogStatePtr state = MustApply(CatalogState::Builtin(), {PutView(20000, "MyView")}, 7);
  const CatalogObjectPtr found = state->Find(kPublicSchemaId, NameSpace::kRelation, "myVIEW");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "MyView");
  EXPECT_EQ(found->modified, CommitNumber{7});
  EXPECT_EQ(state->Find(kLumaSchemaId, NameSpace::kRelation, "myview"), nullptr);
  EXPECT_EQ(CodeOf(state, {PutView(20001, "MYVIEW")}), StatusCode::kAlreadyExists);
}

TEST(CatalogStateTest, RelationsShareOneNameSpaceTypesAndMacrosHaveTheirOwn) {
  const CatalogStatePtr state =
      MustApply(CatalogState::Builtin(),
                {Put(Object(1, ObjectKind::kSequence, "x")), Put(Object(2, ObjectKind::kType, "x")),
                 Put(Object(3, ObjectKind::kScalarMacro, "x"))});
  EXPECT_EQ(CodeOf(state, {PutView(4, "x")}), StatusCode::kAlreadyExists);
  EXPECT_EQ(CodeOf(state, {Put(Object(4, ObjectKind::kTableMacro, "x"))}),
            StatusCode::kAlreadyExists);
}

TEST(CatalogStateTest, VersionsAreImmutable) {
  const CatalogStatePtr one = MustApply(CatalogState::Builtin(), {PutView(20000, "a")});
  const CatalogStatePtr two = MustApply(one, {PutView(20000, "b")}, 2);
  const CatalogStatePtr three = MustApply(two, {CatalogChange::Drop(ObjectId{20000})}, 3);
  EXPECT_EQ(one->Find(ObjectId{20000})->name, "a");
  EXPECT_EQ(two->Find(ObjectId{20000})->name, "b");
  EXPECT_EQ(two->Find(kPublicSchemaId, NameSpace::kRelation, "a"), nullptr);
  EXPECT_EQ(three->Find(ObjectId{20000}), nullptr);
  EXPECT_EQ(CatalogState::Builtin()->size(), 10u);
}

TEST(CatalogStateTest, ObjectsOfOneCommitMaySwapNames) {
  const CatalogStatePtr state =
      MustApply(CatalogState::Builtin(), {PutView(1, "a"), PutView(2, "b")});
  const CatalogStatePtr swapped = MustApply(state, {PutView(1, "b"), PutView(2, "a")});
  EXPECT_EQ(swapped->Find(kPublicSchemaId, NameSpace::kRelation, "a")->id, ObjectId{2});
  EXPECT_EQ(swapped->Find(kPublicSchemaId, NameSpace::kRelation, "b")->id, ObjectId{1});
}

TEST(CatalogStateTest, RefusesWhatAConcurrentCommitMadeImpossible) {
  const CatalogStatePtr state =
      MustApply(CatalogState::Builtin(), {PutView(1, "base"), PutView(2, "above", {ObjectId{1}})});
  EXPECT_EQ(CodeOf(state, {CatalogChange::Drop(ObjectId{3})}), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(state, {CatalogChange::Drop(ObjectId{1})}), StatusCode::kDependency);
  EXPECT_EQ(CodeOf(state, {PutView(3, "c", {ObjectId{99}})}), StatusCode::kNotFound);
  CatalogObject homeless = Object(4, ObjectKind::kView, "d");
  homeless.schema_id = ObjectId{77};
  EXPECT_EQ(CodeOf(state, {Put(homeless)}), StatusCode::kNotFound);
  EXPECT_EQ(CodeOf(state, {CatalogChange::Drop(kSamplesTableId)}), StatusCode::kPermissionDenied);
  MustApply(state, {CatalogChange::Drop(ObjectId{1}), CatalogChange::Drop(ObjectId{2})});
}

TEST(CatalogStateTest, SchemaWithMembersCannotBeDropped) {
  CatalogObject member = Object(20001, ObjectKind::kView, "v");
  member.schema_id = ObjectId{20000};
  const CatalogStatePtr state = MustApply(
      CatalogState::Builtin(), {Put(Object(20000, ObjectKind::kSchema, "s")), Put(member)});
  EXPECT_EQ(CodeOf(state, {CatalogChange::Drop(ObjectId{20000})}), StatusCode::kDependency);
  MustApply(state, {CatalogChange::Drop(ObjectId{20000}), CatalogChange::Drop(ObjectId{20001})});
}

TEST(CatalogStateTest, DependentsFollowChangesOfDependsOn) {
  CatalogStatePtr state =
      MustApply(CatalogState::Builtin(),
                {PutView(1, "a"), PutView(2, "b", {ObjectId{1}}), PutView(3, "c", {ObjectId{1}})});
  EXPECT_EQ(state->Dependents(ObjectId{1}).size(), 2u);
  state = MustApply(state, {PutView(2, "b")});
  ASSERT_EQ(state->Dependents(ObjectId{1}).size(), 1u);
  EXPECT_EQ(state->Dependents(ObjectId{1})[0]->id, ObjectId{3});
}

TEST(CatalogStateTest, RestoreKeepsModifiedAndRefusesNonsense) {
  CatalogObject object = Object(20000, ObjectKind::kView, "v");
  object.modified = CommitNumber{5};
  const auto pointer = std::make_shared<const CatalogObject>(object);
  auto restored = CatalogState::Restore(std::vector<CatalogObjectPtr>{pointer});
  ASSERT_TRUE(restored.ok());
  EXPECT_EQ((*restored)->Find(ObjectId{20000})->modified, CommitNumber{5});
  EXPECT_EQ(CatalogState::Restore(std::vector<CatalogObjectPtr>{pointer, pointer}).status().code(),
            StatusCode::kCorruption);
}

TEST(CatalogStateTest, TenThousandObjectsStayFindable) {
  CatalogStatePtr state = CatalogState::Builtin();
  for (uint32_t id = 20000; id < 30000; ++id) {
    state = MustApply(state, {PutView(id, "view_" + std::to_string(id))}, id);
  }
  for (uint32_t id = 20000; id < 30000; id += 2) {
    state = MustApply(state, {CatalogChange::Drop(ObjectId{id})}, id);
  }
  EXPECT_EQ(state->size(), 5010u);
  for (uint32_t id = 20000; id < 30000; ++id) {
    const CatalogObjectPtr found =
        state->Find(kPublicSchemaId, NameSpace::kRelation, "VIEW_" + std::to_string(id));
    ASSERT_EQ(found != nullptr, id % 2 == 1) << id;
    ASSERT_EQ(state->Find(ObjectId{id}), found);
  }
  EXPECT_EQ(Names(*state, ObjectKind::kView).size(), 5000u);
}

TEST(CatalogOverlayTest, ShowsOwnChangesAndReportsTheirNetEffect) {
  const CatalogStatePtr base =
      MustApply(CatalogState::Builtin(), {PutView(1, "kept"), PutView(2, "gone")}, 4);
  CatalogOverlay overlay(base);
  EXPECT_FALSE(overlay.has_changes());
  ASSERT_TRUE(overlay.Put(Object(1, ObjectKind::kView, "renamed")).ok());
  ASSERT_TRUE(overlay.Drop(ObjectId{2}).ok());
  ASSERT_TRUE(overlay.Put(Object(3, ObjectKind::kView, "gone")).ok());
  ASSERT_TRUE(overlay.Put(Object(4, ObjectKind::kView, "fleeting")).ok());
  ASSERT_TRUE(overlay.Drop(ObjectId{4}).ok());

  EXPECT_THAT(Names(overlay, ObjectKind::kView), ElementsAre("renamed", "gone"));
  EXPECT_EQ(overlay.Find(ObjectId{1})->modified, CommitNumber{4});
  EXPECT_THAT(Names(*base, ObjectKind::kView), ElementsAre("kept", "gone"));
  const std::vector<CatalogChange> changes = overlay.Changes();
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[1].id, ObjectId{2});
  EXPECT_EQ(changes[1].put, nullptr);
  const CatalogStatePtr committed = MustApply(base, changes, 5);
  EXPECT_THAT(Names(*committed, ObjectKind::kView), ElementsAre("renamed", "gone"));
}

TEST(CatalogOverlayTest, RefusedChangeLeavesNoTrace) {
  CatalogOverlay overlay(MustApply(CatalogState::Builtin(), {PutView(1, "a"), PutView(2, "b")}));
  EXPECT_EQ(overlay.Put(Object(1, ObjectKind::kView, "B")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(overlay.Drop(ObjectId{9}).code(), StatusCode::kNotFound);
  EXPECT_EQ(overlay.Drop(kPublicSchemaId).code(), StatusCode::kPermissionDenied);
  EXPECT_FALSE(overlay.has_changes());
  EXPECT_THAT(Names(overlay, ObjectKind::kView), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace luma::storage
