// DROP with what PostgreSQL does about the objects that depend on the dropped one.
#pragma once

#include "sql/luma_transaction.h"
#include "storage/catalog.h"

namespace luma::sql {

// Drops `object`, and with it what belongs to it: a schema's members, a table's indexes and the
// sequences it owns. Other dependents are dropped too with `cascade` (a sequence takes only the
// column defaults that call it, a table only the foreign keys that refer to it); without, they are
// the error kDependency. A built-in schema is only emptied. Throws.
void DropObject(LumaTransaction& transaction, const storage::CatalogObject& object, bool cascade);

bool IsEmptySchema(LumaTransaction& transaction, ObjectId schema);

}  // namespace luma::sql
