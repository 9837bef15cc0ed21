#include "sql/database.h"

#include "sql/instance_host.h"
#include "sql/luma_connection.h"
#include "sql/statement_timer.h"

namespace luma::sql {
namespace {

class LumaDatabase final : public Database {
 public:
  explicit LumaDatabase(std::unique_ptr<InstanceHost> host) : host_(std::move(host)) {}

  std::unique_ptr<Connection> Connect(ConnectionOptions options) override {
    return std::make_unique<LumaConnection>(*host_, timer_, std::move(options));
  }

 private:
  std::unique_ptr<InstanceHost> host_;
  StatementTimer timer_;
};

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(DatabaseOptions options,
                                                 storage::MultiTierStorage& engine) {
  LUMA_ASSIGN_OR_RETURN(auto host, InstanceHost::Open(std::move(options), engine));
  return std::unique_ptr<Database>(std::make_unique<LumaDatabase>(std::move(host)));
}

}  // namespace luma::sql
