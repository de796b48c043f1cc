// What the site's charts need of Apache ECharts; see README.md for how echarts.min.js is made of it.
import { use, init, registerMap, getInstanceByDom, version } from 'echarts/core';
import { BarChart, LineChart, SankeyChart, MapChart } from 'echarts/charts';
import {
  GridComponent, TooltipComponent, LegendComponent, AriaComponent, VisualMapPiecewiseComponent, MarkLineComponent,
} from 'echarts/components';
import { SVGRenderer } from 'echarts/renderers';
use([
  BarChart, LineChart, SankeyChart, MapChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent,
  VisualMapPiecewiseComponent, MarkLineComponent, SVGRenderer,
]);
export { init, registerMap, getInstanceByDom, version };
