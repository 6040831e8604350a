// Types of Tributary's hooks for React.

import type { CatalogEvents, Options, Status, Tributary, TributaryEvent } from './tributary.js'

/** The hub while the component is there; null before its first effect. */
export function useTributary<Events extends object = CatalogEvents>(options: Options): Tributary<Events> | null

/** Calls the newest render's handler with each event of that name. */
export function useEvent<Events extends object, Name extends keyof Events & string>(
  hub: Tributary<Events> | null,
  name: Name,
  handler: (data: Events[Name], event: TributaryEvent<Events[Name], Name>) => void,
): void
export function useEvent(
  hub: Tributary<any> | null,
  name: string,
  handler: (data: any, event: TributaryEvent<any>) => void,
): void

/** The hub's status, as it changes. */
export function useStatus(hub: Tributary<any> | null): Status
