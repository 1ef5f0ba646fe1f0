// The dashboards that we write, in Grafana's own types: each kind of panel with its own options, which the general type leaves open.
import type { Dashboard as AnyDashboard, FieldConfig, Panel as AnyPanel } from '@grafana/schema';
import type { FieldConfig as HeatmapField, Options as Heatmap } from '@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen';
import type { Options as Stat } from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type { FieldConfig as StateTimelineField, Options as StateTimeline } from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';
import type { FieldConfig as TimeSeriesField, Options as TimeSeries } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

// Grafana's data source for Prometheus publishes no type.
interface PrometheusTarget {
  datasource: { type: 'prometheus'; uid: string };
  editorMode?: 'code' | 'builder';
  exemplar?: boolean;
  expr: string;
  format?: 'time_series' | 'table' | 'heatmap';
  instant?: boolean;
  legendFormat?: string;
  range?: boolean;
  refId: string;
}

interface PanelOf<Type extends string, Options, Custom> extends Omit<AnyPanel, 'type' | 'options' | 'fieldConfig' | 'targets'> {
  type: Type;
  options: Partial<Options>;
  fieldConfig: { defaults: Omit<FieldConfig, 'custom'> & { custom?: Partial<Custom> }; overrides: NonNullable<AnyPanel['fieldConfig']>['overrides'] };
  targets: PrometheusTarget[];
}

type Panel =
  | PanelOf<'timeseries', TimeSeries, TimeSeriesField>
  | PanelOf<'stat', Stat, Record<string, never>>
  | PanelOf<'heatmap', Heatmap, HeatmapField>
  | PanelOf<'state-timeline', StateTimeline, StateTimelineField>;

export interface Dashboard extends Omit<AnyDashboard, 'panels'> {
  panels: Panel[];
}
