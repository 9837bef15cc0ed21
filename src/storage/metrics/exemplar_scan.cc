#include "storage/metrics/exemplar_scan.h"

#include "storage/metrics/cold_samples.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/sample_scan.h"
#include "storage/metrics/wanted_rows.h"

namespace luma::storage {
namespace {

// Reads block after block of one scan, reusing its buffers.
class BlockScanner {
 public:
  using Visit = std::function<Status(const ExemplarRow&)>;

  BlockScanner(const ExemplarScan& scan, const Visit& visit)
      : scan_(scan),
        visit_(visit),
        wanted_(scan.table->schema(), *scan.series, scan.range),
        value_column_(*scan.table->schema().FindColumn(kValueColumn)),
        labels_column_(*scan.table->schema().FindColumn(kExemplarLabelsColumn)) {}

  Status Scan(const RunView& run) {
    for (uint32_t block = 0; block < run.block_count(); ++block) {
      if (!MayHaveWantedRows(run, block, *scan_.series, scan_.range)) continue;
      if (std::chrono::steady_clock::now() > scan_.deadline) {
        return Status::Timeout("query took too long");
      }
      LUMA_RETURN_IF_ERROR(ScanBlock(run, block));
    }
    return Status::Ok();
  }

 private:
  Status ScanBlock(const RunView& run, uint32_t block) {
    LUMA_RETURN_IF_ERROR(wanted_.Find(run, block));
    if (wanted_.rows().empty()) return Status::Ok();
    LUMA_RETURN_IF_ERROR(values_.Read(run, value_column_, block));
    LUMA_RETURN_IF_ERROR(labels_.Read(run, labels_column_, block));
    for (const uint32_t row : wanted_.rows()) {
      const std::string_view canonical = labels_.values()[row].view();
      LUMA_RETURN_IF_ERROR(CheckCanonical(canonical).WithContext("luma.exemplars"));
      LUMA_RETURN_IF_ERROR(visit_({.series = SeriesId{wanted_.series()[row]},
                                   .timestamp = wanted_.timestamps()[row],
                                   .value = values_.values()[row],
                                   .labels = LabelsView(canonical)}));
    }
    return Status::Ok();
  }

  const ExemplarScan& scan_;
  const Visit& visit_;
  WantedRows wanted_;
  const ColumnSchema& value_column_;
  const ColumnSchema& labels_column_;
  FlatColumn<double> values_;
  FlatColumn<StringRef> labels_;
};

}  // namespace

Status ExemplarScan::Run(const std::function<Status(const ExemplarRow&)>& visit) const {
  BlockScanner scanner(*this, visit);
  for (const auto& run : table->runs()) {
    if (!with_cold_runs && ColdSamples::IsCold(*run)) continue;
    LUMA_RETURN_IF_ERROR(scanner.Scan(*run));
  }
  return Status::Ok();
}

}  // namespace luma::storage
