#include "storage/catalog.h"

namespace luma::storage {

NameSpace NameSpaceOf(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kSchema:
      return NameSpace::kSchema;
    case ObjectKind::kTable:
    case ObjectKind::kView:
    case ObjectKind::kSequence:
    case ObjectKind::kIndex:
      return NameSpace::kRelation;
    case ObjectKind::kType:
      return NameSpace::kType;
    case ObjectKind::kScalarMacro:
    case ObjectKind::kTableMacro:
      return NameSpace::kMacro;
  }
  return NameSpace::kRelation;
}

}  // namespace luma::storage
