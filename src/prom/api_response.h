// The envelope of every answer of the HTTP API.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"
#include "net/http.h"
#include "prom/json_writer.h"
#include "promql/evaluator.h"

namespace luma::prom {

// 400 bad_data.
net::HttpResponse BadData(std::string_view message);
// 503 unavailable, for good: nothing says when to ask again.
net::HttpResponse Unavailable(std::string_view message);
// An error of evaluation or storage.
net::HttpResponse ErrorResponse(const Status& status);

// Opens {"status":"success","data": ; the caller writes the value, then FinishSuccess.
JsonWriter StartSuccess();
// The same for a value that may be long: books its text before it is written, and makes room for
// it. Errors: kOutOfMemory.
Result<JsonWriter> StartSuccess(uint64_t value_bytes, ResultMemory& memory);
net::HttpResponse FinishSuccess(JsonWriter json, const std::vector<std::string>& warnings = {},
                                const std::vector<std::string>& infos = {});

// {"resultType":...,"result":...}, and "stats" when that is not empty but JSON.
void WriteQueryValue(const promql::QueryValue& value, JsonWriter& json,
                     std::string_view stats = "");
// About how much text that is, rather more than less.
uint64_t QueryValueBytes(const promql::QueryValue& value);

}  // namespace luma::prom
