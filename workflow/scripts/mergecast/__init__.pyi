from .api import Forecast as Forecast
from .api import export as export
from .api import forecast as forecast
from .api import merge as merge
from .api import merge_recipe as merge_recipe
from .api import metrics as metrics
from .api import plan as plan
from .errors import MergecastError as MergecastError
from .forecasting.study import Study as Study
from .forecasting.study import load_study as load_study
from .planning import Plan as Plan

__version__: str
__all__: list[str]
