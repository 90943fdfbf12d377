select {columns}
from {history}
where is_current and not is_deleted
