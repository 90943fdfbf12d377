select {columns}
from {history}
where is_current
