// Decodes the protobuf message io.prometheus.write.v2.Request (remote write 2.0) into a batch.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"
#include "model/protobuf_reader.h"
#include "model/series_batch.h"
#include "prom/decoded_series.h"
#include "prom/request_memory.h"
#include "prom/symbol_table.h"
#include "prom/write_request.h"

namespace luma::prom {

// A few bytes of references can name 128 KiB of labels, so these are counted too: those that are
// hashed, and those of new series, which go into the batch. The labels of 10,000 series are about
// 3 MB.
constexpr size_t kLabelBytesPerRequestMax = 256 << 20;
constexpr size_t kNewLabelBytesPerRequestMax = 64 << 20;

// Thread-compatible; keeps scratch memory between requests and allocates nothing per label or
// sample.
//
// As with version 1.0 nearly every series is known to storage by the hash of its labels as that
// version would write them: they are put together in one buffer, series after series, and are not
// looked into. The others are taken apart and checked.
class RemoteWriteV2Decoder {
 public:
  // Adds the valid series of `message` to `batch`, which goes to `sink`. A series is refused for
  // references to no symbol, of its labels or its metadata, and for what version 1.0 refuses it
  // for; the others are kept. A series without samples only tells metadata. Unsorted labels are
  // sorted, unknown fields skipped. What the batch and metadata grow to beyond as many bytes as the
  // message has is booked on `memory`. Metadata of more than WrittenMetadata::kBytesMax, which
  // keeps no more, is left out and counted. Errors: kInvalidArgument for bytes that are no such
  // message, kTooLarge above one of the bounds on requests, kOutOfMemory; then the batch is not to
  // be used.
  Result<WriteRequestSummary> Decode(std::string_view message, const MetricsSink& sink,
                                     ResultMemory& memory, SeriesBatch& batch);

  size_t allocated_bytes() const;

 private:
  // A message TimeSeries that begins with its label references, up to `references_end`.
  struct WireSeries {
    std::string_view message;
    size_t references_end;
    bool is_hashed;
    uint64_t name;  // symbol of the metric's name; 0 is the empty one
  };
  struct WireMetadata {
    uint64_t type = 0;
    uint64_t help = 0;
    uint64_t unit = 0;
  };
  // What was told of a metric in this request: most series of one tell the same.
  struct Told {
    uint64_t name;
    WireMetadata metadata;
    bool operator==(const Told& other) const;
  };
  struct ToldHash {
    size_t operator()(const Told& told) const;
  };

  // Takes some series off the message, none at its end. Errors: those of Decode.
  Status FindSome(ProtobufReader& reader);
  void AddWireSeries(std::string_view message);
  // Of the labels; none when they are no labels that a series could have.
  std::optional<Hash128> HashLabels(std::string_view references, uint64_t& name);
  // Reads all of a series, or what follows its labels when its id is known.
  Status DecodeSeries(const WireSeries& series, SeriesId id, WriteRequestSummary& summary);
  Status ReadFields(std::string_view fields);
  Status ReadExemplar(std::string_view message);
  Status ReadMetadata(std::string_view message);
  void AddReferences(std::string_view packed);
  bool MetadataRefersToSymbols() const;
  // Checks the labels and starts the series in the batch, if it has something to store. Errors:
  // kInvalidArgument, for which the series is refused, kOutOfMemory and kTooLarge.
  Status StartNewSeries();
  // Of labels_, before the batch has them.
  Status BookLabels();
  // Of the metric's name in references_; 0: it has none.
  uint64_t NameSymbol() const;
  // Errors: kOutOfMemory.
  Status TellMetadata(uint64_t name, WriteRequestSummary& summary);

  // Of the request.
  SymbolTable symbols_;
  SeriesBatch* batch_ = nullptr;
  RequestMemory memory_;
  uint64_t label_bytes_ = 0;     // hashed so far
  uint64_t metadata_bytes_ = 0;  // of the texts that were told
  boost::unordered_flat_set<Told, ToldHash> told_;
  // Of some series of the message, to be looked up together.
  std::vector<WireSeries> series_;
  std::vector<Hash128> hashes_;
  std::vector<SeriesId> ids_;
  std::string wire_labels_;
  // Of one series.
  std::vector<uint64_t> references_;
  size_t reference_count_ = 0;  // those too many included
  std::vector<LabelRef> labels_;
  WireMetadata metadata_;
  UnixMillis created_ = 0;
  std::vector<std::string_view> histograms_;
  DecodedSeries decoded_;
  std::vector<uint64_t> exemplar_references_;
  std::vector<LabelRef> exemplar_labels_;
};

}  // namespace luma::prom
